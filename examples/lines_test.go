package examples

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/generators/scaffold"
	"github.com/apiserver-builder/builder/internal/modcache"
)

// TestHandOwned counts the lines of Go that a user owns, and compares the number with README.md.
func TestHandOwned(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, example := range examples {
		t.Run(example.name, func(t *testing.T) {
			total := handOwned(t, example.name, scaffold.Owned)
			if total == 0 || total >= example.handOwned {
				t.Errorf("%d lines of Go to own, want less than %d", total, example.handOwned)
			}
			claim := regexp.MustCompile(fmt.Sprintf(`\(examples/%s\)[^()]* fewer than %d\b`, example.name, example.handOwned))
			if !claim.Match(readme) {
				t.Errorf("README.md does not say %s", claim)
			}
		})
	}
	t.Run("sample-apiserver", func(t *testing.T) {
		dir, err := modcache.Dir(t.Context(), "..", "k8s.io/sample-apiserver")
		if err != nil {
			t.Fatal(err)
		}
		total := handOwned(t, dir, func(name string) bool {
			for _, folder := range []string{"hack/", "pkg/generated/", "pkg/apis/wardle/fuzzer/"} {
				if strings.HasPrefix(name, folder) {
					return true
				}
			}
			return scaffold.Owned(name)
		})
		if total <= 800 {
			t.Errorf("%d lines of Go, README.md says more than 800", total)
		}
	})
}

// handOwned counts the lines of Go in a folder, without tests and generated files.
func handOwned(t *testing.T, dir string, generated func(name string) bool) int {
	t.Helper()
	total := 0
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil || generated(filepath.ToSlash(rel)) {
			return err
		}
		n, err := codeLines(name)
		t.Logf("%4d %s", n, rel)
		total += n
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%4d in all", total)
	return total
}

// TestDependencyLines counts the lines that the dependency of examples/fruit costs beside the code that uses it.
func TestDependencyLines(t *testing.T) {
	p, err := project.Load("fruit")
	if err != nil {
		t.Fatal(err)
	}
	files, err := scaffold.Render(p)
	if err != nil {
		t.Fatal(err)
	}
	const strategy = "pkg/registry/fruit/apple/strategy.go"
	seed := filepath.Join(t.TempDir(), "strategy.go")
	if err := os.WriteFile(seed, files[strategy], 0o600); err != nil {
		t.Fatal(err)
	}
	before, err := codeLines(seed)
	if err != nil {
		t.Fatal(err)
	}
	after, err := codeLines(filepath.Join("fruit", strategy))
	if err != nil {
		t.Fatal(err)
	}
	if cost := after - before; cost < 1 || cost > 12 {
		t.Errorf("a dependency costs %d lines, want at most 12", cost)
	}
}

// TestPluginLines counts the lines that the admission plugin of examples/wardle costs beside the statements of Admit.
func TestPluginLines(t *testing.T) {
	const plugin = "wardle/pkg/admission/banflunder/plugin.go"
	total, err := codeLines(plugin)
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, plugin, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	logic := 0
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Name.Name == "Admit" {
			logic = fset.Position(f.Body.Rbrace).Line - fset.Position(f.Body.Lbrace).Line - 1
		}
	}
	if cost := total - logic; logic < 1 || cost > 25 {
		t.Errorf("a plugin costs %d lines beside %d of its logic, want at most 25", cost, logic)
	}
}

// codeLines counts the lines with code in a Go file.
func codeLines(name string) (int, error) {
	source, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	fset := token.NewFileSet()
	if _, err := parser.ParseFile(fset, name, source, 0); err != nil {
		return 0, err
	}
	fset = token.NewFileSet()
	file := fset.AddFile(name, -1, len(source))
	var s scanner.Scanner
	s.Init(file, source, nil, 0)
	lines := map[int]bool{}
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			return len(lines), nil
		}
		if tok == token.SEMICOLON && lit == "\n" {
			continue
		}
		for i := range strings.Count(lit, "\n") + 1 { // a raw string may have several
			lines[file.Line(pos)+i] = true
		}
	}
}
