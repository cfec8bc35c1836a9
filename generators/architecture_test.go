package generators_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "github.com/apiserver-builder/builder"
	root   = ".."
)

// sources calls visit for every hand-written Go file of the repository. name is its path with slashes.
func sources(t *testing.T, visit func(name string, fset *token.FileSet, file *ast.File)) {
	t.Helper()
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if base := entry.Name(); name != root && strings.HasPrefix(base, ".") || base == "testdata" || base == "vendor" {
				return fs.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		if !ast.IsGenerated(file) {
			visit(filepath.ToSlash(rel), fset, file)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// below reports whether a package or folder is dir or in it.
func below(name, dir string) bool { return name == dir || strings.HasPrefix(name, dir+"/") }

// TestImportsRunDownward enforces the layers: cmd/builder may import generators, generators may import templates, and both may import
// internal. The reference proxy shares no packages with them. Only the tests that compare it with kube-apiserver run tests of builder.
func TestImportsRunDownward(t *testing.T) {
	const kubernetes = "k8s.io/kubernetes"
	allowed := map[string][]string{
		"cmd/builder":           {"cmd/builder", "generators", "internal"},
		"cmd/aggregation-proxy": {"cmd/aggregation-proxy", "proxy"},
		"generators":            {"generators", "templates", "internal"},
		"generators/project":    {"internal/regular", "internal/modcache"},
		"internal":              {"internal"},
		"templates":             {},
		"proxy":                 {"proxy"},
		"proxy/oracle":          {"proxy", "internal/sessions"},
		"examples":              {},
	}
	sources(t, func(name string, fset *token.FileSet, file *ast.File) {
		dir := path.Dir(name)
		layer := ""
		for candidate := range allowed {
			if below(dir, candidate) && len(candidate) > len(layer) {
				layer = candidate
			}
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			at := strings.TrimPrefix(fset.Position(spec.Pos()).String(), root+"/")
			if below(imported, kubernetes) && layer != "proxy" && layer != "cmd/aggregation-proxy" {
				t.Errorf("%s: only the reference proxy may import %s", at, imported)
			}
			own, ok := strings.CutPrefix(imported, module+"/")
			if !ok || strings.HasSuffix(name, "_test.go") && dir == "examples" { // the test of the goldens renders them
				continue
			}
			if !slices.ContainsFunc(allowed[layer], func(dir string) bool { return below(own, dir) }) {
				t.Errorf("%s: %s must not import %s", at, dir, own)
			}
		}
	})
}

// TestBuilderStaysLight checks the indirect imports of the binary.
func TestBuilderStaysLight(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "./cmd/builder")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, module+"/generators") {
		t.Fatalf("go list does not know cmd/builder's imports: %d packages", len(deps))
	}
	for _, dep := range deps {
		for _, heavy := range []string{module + "/proxy", "k8s.io/kubernetes", "go.etcd.io/etcd/server/v3"} {
			if below(dep, heavy) {
				t.Errorf("cmd/builder depends on %s", dep)
			}
		}
	}
}

// TestExamplesStandAlone enforces that there is no runtime library: generated projects do not import this module.
func TestExamplesStandAlone(t *testing.T) {
	mods, err := filepath.Glob(filepath.Join(root, "examples", "*", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if len(mods) == 0 {
		t.Fatal("there are no examples")
	}
	for _, mod := range mods {
		content, err := os.ReadFile(mod)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(content), module) {
			t.Errorf("%s requires %s", mod, module)
		}
		err = filepath.WalkDir(filepath.Dir(mod), func(name string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(name) != ".go" {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
			if err != nil {
				return err
			}
			for _, spec := range file.Imports {
				if strings.HasPrefix(spec.Path.Value, `"`+module) {
					t.Errorf("%s imports %s", name, spec.Path.Value)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestSize(t *testing.T) {
	const longestFile, longestFunction = 400, 60
	tooLong := map[string]bool{ // still to be split
		"cmd/builder/internal/run/main_test.go: child": true,
	}
	sources(t, func(name string, fset *token.FileSet, file *ast.File) {
		if lines := fset.Position(file.FileEnd).Line; lines > longestFile {
			t.Errorf("%s has %d lines: divide it", name, lines)
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			function := name + ": " + f.Name.Name
			if lines := codeLines(fset, f); lines > longestFunction != tooLong[function] {
				t.Errorf("%s has %d lines, where %d are allowed, more only if it is listed here", function, lines, longestFunction)
			}
		}
	})
}

// codeLines returns the length of a function without its tables, because these are data.
func codeLines(fset *token.FileSet, f *ast.FuncDecl) int {
	height := func(n ast.Node) int { return fset.Position(n.End()).Line - fset.Position(n.Pos()).Line }
	lines := height(f) + 1
	ast.Inspect(f, func(n ast.Node) bool {
		if table, ok := n.(*ast.CompositeLit); ok {
			lines -= height(table)
			return false
		}
		return true
	})
	return lines
}

// beforeMain lists files whose init functions may run a whole process, because initializing the rest of the program would take longer than
// their work.
var beforeMain = map[string]bool{
	"cmd/builder/internal/early/early.go":         true, // builder generate, when nothing has changed
	"generators/internal/godriver/reply/reply.go": true, // go/packages starts it to list packages
}

// TestNothingEndsTheProcess verifies that functions return errors, and that only main exits.
func TestNothingEndsTheProcess(t *testing.T) {
	// These call code that exits on errors. They make it panic instead, and recover.
	contained := map[string]bool{"cmd/builder/internal/kubectl/kubectl.go": true, "generators/internal/inprocess/inprocess.go": true}
	sources(t, func(name string, fset *token.FileSet, file *ast.File) {
		if path.Base(name) == "main.go" || strings.HasSuffix(name, "_test.go") {
			return
		}
		if beforeMain[name] {
			return
		}
		recovers := false
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			what := ending(call.Fun)
			recovers = recovers || what == "recover"
			allowed := what == "" || what == "recover" || what == "panic" && contained[name]
			if !allowed {
				t.Errorf("%s:%d calls %s: return an error", name, fset.Position(call.Pos()).Line, what)
			}
			return true
		})
		if contained[name] != recovers {
			t.Errorf("%s recovers from panics: %t", name, recovers)
		}
	})
}

// ending returns the name of a function that exits the process, panics or recovers, and "" for all others.
func ending(fun ast.Expr) string {
	switch fun := fun.(type) {
	case *ast.Ident:
		if fun.Name == "panic" || fun.Name == "recover" {
			return fun.Name
		}
	case *ast.SelectorExpr:
		pkg, ok := fun.X.(*ast.Ident)
		if !ok {
			return ""
		}
		logs := pkg.Name == "log" || pkg.Name == "klog"
		fatal := strings.HasPrefix(fun.Sel.Name, "Fatal") || strings.HasPrefix(fun.Sel.Name, "Panic") || strings.HasPrefix(fun.Sel.Name, "Exit")
		if logs && fatal || pkg.Name == "os" && fun.Sel.Name == "Exit" {
			return pkg.Name + "." + fun.Sel.Name
		}
	}
	return ""
}

// TestTypesAreReadInOnePlace verifies that only generators/internal/apis parses a project's Go files, reads comments and derives names in
// JSON.
func TestTypesAreReadInOnePlace(t *testing.T) {
	const apis = "generators/internal/apis"
	readers := map[string][]string{ // imports that read Go, and the other places where they are allowed
		"go/parser": {
			"generators/internal/conversion/missing.go", "generators/internal/openapi", "generators/internal/upstream/evaluate.go", "generators/internal/upstream/defaults.go", // generated code
			"generators/internal/godriver", // packages of other modules
			"generators/scaffold/copy.go",  // renames identifiers in a copy of a file
			"internal/typecheck",           // whole projects, for tests
		},
		"golang.org/x/tools/go/packages":          {"generators/internal/godriver", "internal/typecheck"},
		"sigs.k8s.io/controller-tools/pkg/loader": {"generators/internal/godriver", "generators/internal/markers/registry.go"}, // registry.go needs its error type
		"k8s.io/gengo/v2/parser":                  nil,
	}
	selectors := map[string][]string{
		"StructTag": nil, "SecondClosestCommentLines": nil,
		"CommentLines": {"generators/internal/upstream/translate.go"}, // adds lines
	}
	allowed := func(name string, more []string) bool {
		return below(name, apis) || slices.ContainsFunc(more, func(dir string) bool { return below(name, dir) })
	}
	sources(t, func(name string, fset *token.FileSet, file *ast.File) {
		if !below(name, "generators") && !below(name, "internal") || strings.HasSuffix(name, "_test.go") {
			return
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if more, ok := readers[imported]; ok && !allowed(name, more) {
				t.Errorf("%s imports %s: read it in %s", name, imported, apis)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if selector, ok := n.(*ast.SelectorExpr); ok {
				if more, ok := selectors[selector.Sel.Name]; ok && !allowed(name, more) {
					t.Errorf("%s: %s: read it in %s", fset.Position(n.Pos()), selector.Sel.Name, apis)
				}
			}
			return true
		})
	})
}
