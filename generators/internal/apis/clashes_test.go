package apis

import (
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	gotypes "go/types"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const generatedForClashes = `package server

import (
	"fmt"
	other "strings"
)

const one, two = 1, 2

type kind struct{}

func (kind) method(parameter int) { local := min(parameter, one); fmt.Println(other.ToLower("a"), local, two) }

func init() { variable++ }

var variable int
`

// TestClashes declares identifiers in a package with generated code, and verifies that Clashes reports exactly those that the compiler
// rejects.
func TestClashes(t *testing.T) {
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	build.Default.GOROOT = strings.TrimSpace(string(goroot)) // a test that was built with -trimpath does not know it
	fset := token.NewFileSet()
	packages := importer.ForCompiler(fset, "source", nil)
	const clashes, imports, means = " is declared by the generated code of this package: choose another name",
		" is a package that the generated code of this package imports: choose another name", " means something else in the generated code of this package: choose another name"
	for name, want := range map[string]string{
		"one": clashes, "two": clashes, "kind": clashes, "variable": clashes, "fmt": imports, "other": imports, "min": means, "int": means,
		"method": "", "parameter": "", "local": "", "init": "", "_": "", "strings": "", "max": "", "Println": "", "Kind": "",
	} {
		for _, form := range []string{"func NAME() {}", "type NAME struct{}", "var free, NAME = 1, []rune{}", "const NAME = true"} {
			if name == "init" && !strings.HasPrefix(form, "func") {
				continue // only a function may have the name init
			}
			text := "package server\n\n" + strings.ReplaceAll(form, "NAME", name) + "\n"
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "own.go"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			problems, err := Clashes(dir, map[string][]byte{"zz_generated.server.go": []byte(generatedForClashes)})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, p := range problems {
				got += p.Message
			}
			if want != "" && got != name+want || want == "" && got != "" {
				t.Errorf("%s: %q, want %q", text, got, want)
			}
			if compiles := compiles(t, fset, packages, generatedForClashes, text); compiles != (want == "") {
				t.Errorf("%s: the compiler accepts it: %v", text, compiles)
			}
		}
	}
}

// compiles reports whether the compiler accepts the files as one package.
func compiles(t *testing.T, fset *token.FileSet, packages gotypes.Importer, texts ...string) bool {
	t.Helper()
	var files []*ast.File
	for _, text := range texts {
		file, err := parser.ParseFile(fset, "", text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	config := gotypes.Config{Importer: packages}
	_, err := config.Check("server", fset, files, nil)
	return err == nil
}
