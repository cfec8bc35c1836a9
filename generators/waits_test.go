package generators_test

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// A wait is something that may have no end, and where it may stand all the same.
type wait struct {
	instead string
	// below are the folders of the product in which it is looked for.
	below []string
	// but are the files that may have it.
	but []string
}

var (
	product      = []string{"cmd", "generators", "templates", "proxy"}
	forTests     = []string{"proxy/proxytest", "proxy/conformance", "proxy/faults", "proxy/oracle", "proxy/e2e"}
	builderFiles = wait{"regular: it opens no named pipe, whose other end may never come", []string{"cmd/builder", "generators"},
		[]string{"generators/regular/regular.go", "generators/scaffold/lock.go"}}
	defaultHTTP = wait{"a client with a timeout, or requests with a context", product, nil}
)

// waits are calls, and what they call for instead.
var waits = map[string]wait{
	"os.Open":             builderFiles,
	"os.OpenFile":         builderFiles,
	"os.ReadFile":         builderFiles,
	"os.DirFS":            builderFiles,
	"http.Get":            defaultHTTP,
	"http.Head":           defaultHTTP,
	"http.Post":           defaultHTTP,
	"http.PostForm":       defaultHTTP,
	"http.DefaultClient":  defaultHTTP,
	"http.NewRequest":     defaultHTTP,
	"time.Sleep":          {"a timer, with a context beside it", product, nil},
	"exec.Command":        {"a context", product, []string{"cmd/builder/internal/run/process.go"}}, // which ends what it starts
	"exec.CommandContext": {"gocmd: it ends what the command has started, too", []string{"cmd/builder", "generators"}, []string{"generators/gocmd/gocmd.go"}},
	"unix.Flock":          {"one of the two locks that there are", product, []string{"cmd/builder/internal/run/lock.go", "generators/scaffold/lock.go"}},
	"syscall.Flock":       {"unix.Flock", product, nil},
	"fileutil.LockFile":   {"fileutil.TryLockFile", product, nil},
	"net.Dial":            {"a dialer with a context", product, nil},
	"packages.Load":       {"a Config with a Context", product, []string{"generators/codegen/load.go"}},
	"syscall.FcntlFlock":  {"one of the two locks that there are", product, nil},
}

// TestWaitsHaveAnEnd looks for calls that may wait forever, for a pipe, a server, a process or a lock, and names what is there to use.
func TestWaitsHaveAnEnd(t *testing.T) {
	used := map[string]bool{}
	sources(t, func(name string, fset *token.FileSet, file *ast.File) {
		in := func(dir string) bool { return below(name, dir) }
		if strings.HasSuffix(name, "_test.go") || slices.ContainsFunc(forTests, in) {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := selector.X.(*ast.Ident)
			if !ok {
				return true
			}
			call := pkg.Name + "." + selector.Sel.Name
			w, ok := waits[call]
			if !ok || !slices.ContainsFunc(w.below, in) {
				return true
			}
			if !slices.Contains(w.but, name) {
				t.Errorf("%s:%d: %s may wait forever: use %s", name, fset.Position(n.Pos()).Line, call, w.instead)
			}
			used[call+" in "+name] = true
			return true
		})
	})
	for call, w := range waits {
		for _, name := range w.but {
			if !used[call+" in "+name] && len(w.but) == 1 {
				t.Errorf("%s has no %s any more: remove it from this test", name, call)
			}
		}
	}
}

// TestLocksDoNotWait holds that a lock is tried, and that loads of packages end with a context.
func TestLocksDoNotWait(t *testing.T) {
	// gengo drops the context: codegen.parse sees to it that there is nothing to wait for.
	withoutContext := []string{"generators/codegen/load.go"}
	sources(t, func(name string, fset *token.FileSet, file *ast.File) {
		if strings.HasSuffix(name, "_test.go") || !below(name, "cmd") && !below(name, "generators") {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if selects(n.Fun, "unix", "Flock") && !mentions(n, "LOCK_NB") {
					t.Errorf("%s:%d: a lock is waited for: add unix.LOCK_NB", name, fset.Position(n.Pos()).Line)
				}
			case *ast.CompositeLit:
				if selects(n.Type, "packages", "Config") && !mentions(n, "Context") && !slices.Contains(withoutContext, name) {
					t.Errorf("%s:%d: a load of packages has no Context", name, fset.Position(n.Pos()).Line)
				}
			}
			return true
		})
	})
}

func selects(expr ast.Expr, pkg, name string) bool {
	selector, ok := expr.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	ident, ok := selector.X.(*ast.Ident)
	return ok && ident.Name == pkg && selector.Sel.Name == name
}

// mentions reports whether an identifier is part of an expression.
func mentions(n ast.Node, name string) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		ident, ok := n.(*ast.Ident)
		found = found || ok && ident.Name == name
		return true
	})
	return found
}
