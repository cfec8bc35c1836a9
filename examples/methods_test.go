package examples

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/imports"
)

// TestMethods compiles the example methods in the comments on Strategy and Options, where they override the methods of base.
func TestMethods(t *testing.T) {
	shop, err := filepath.Abs("shop")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	replace := map[string]string{}
	for _, file := range []string{"pkg/registry/fruit/apple/strategy.go", "pkg/registry/fruit/orchard/strategy.go", "pkg/apiserver/options.go"} {
		original := filepath.Join(shop, file)
		source, methods := methodsIn(t, original)
		// base has as many methods, except register and those for a status.
		if len(methods) < 6 {
			t.Errorf("%s shows %d methods: %q", file, len(methods), methods)
		}
		// The example of a flag needs a field that the user adds.
		source = strings.Replace(source, "type Options struct{ base }", "type Options struct {\n\tbase\n\tregion string\n}", 1)
		// imports.Process finds packages by name, and removes unused imports.
		source = strings.Replace(source, "\n\n", "\n\nimport metav1 \"k8s.io/apimachinery/pkg/apis/meta/v1\"\n\n", 1)
		compiled, err := imports.Process(original, []byte(source+strings.Join(methods, "\n")), nil)
		if err != nil {
			t.Fatal(err)
		}
		replace[original] = filepath.Join(dir, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(replace[original], compiled, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "./pkg/...")
	build.Dir = shop
	if output, err := build.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

// methodsIn returns a file's content, and the functions in the code blocks of its types' comments.
func methodsIn(t *testing.T, name string) (source string, methods []string) {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), name, content, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, decl := range parsed.Decls {
		if gen, ok := decl.(*ast.GenDecl); ok && gen.Tok == token.TYPE {
			for line := range strings.Lines(gen.Doc.Text()) {
				if code, ok := strings.CutPrefix(line, "\t"); ok && strings.HasPrefix(code, "func ") {
					methods = append(methods, code)
				} else if ok && len(methods) > 0 {
					methods[len(methods)-1] += code
				}
			}
		}
	}
	return string(content), methods
}
