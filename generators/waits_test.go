package generators_test

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// A wait is a call that may block forever, and the places where it is allowed.
type wait struct {
	instead string
	// below lists the folders in which the call is not allowed.
	below []string
	// but lists the files in which it is allowed.
	but []string
}

var (
	product      = []string{"cmd", "generators", "internal", "templates", "proxy"}
	forTests     = []string{"generators/internal/fixture", "internal/typecheck", "proxy/proxytest", "proxy/conformance", "proxy/faults", "proxy/oracle", "proxy/hosts"}
	builderFiles = wait{"regular: it opens no named pipe, whose other end may never come", []string{"cmd/builder", "generators", "internal"},
		[]string{"internal/regular/regular.go", "internal/lock/lock.go"}}
	defaultHTTP = wait{"a client with a timeout, or requests with a context", product, nil}
)

// waits maps calls to their alternatives.
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
	"exec.Command":        {"a context", product, []string{"cmd/builder/internal/run/process.go"}}, // which stops the processes that it starts
	"exec.CommandContext": {"gocmd: it ends what the command has started, too", []string{"cmd/builder", "generators", "internal"}, []string{"internal/gocmd/gocmd.go"}},
	"unix.Flock":          {"lock.Try", product, []string{"cmd/builder/internal/run/lock.go"}},
	"syscall.Flock":       {"lock.Try", product, []string{"internal/lock/lock.go"}},
	"fileutil.LockFile":   {"fileutil.TryLockFile", product, nil},
	"net.Dial":            {"a dialer with a context", product, nil},
	"packages.Load":       {"a Config with a Context", product, []string{"generators/internal/apis/load.go"}},
	"syscall.FcntlFlock":  {"lock.Try", product, nil},
}

// TestWaitsHaveAnEnd rejects calls that may block forever, on a pipe, server, process or lock, and suggests an alternative.
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

// TestLocksDoNotWait verifies that locks are not waited for, and that loads of packages have a context.
func TestLocksDoNotWait(t *testing.T) {
	// gengo drops the context; apis.parse makes sure that its load does not wait.
	withoutContext := []string{"generators/internal/apis/load.go"}
	sources(t, func(name string, fset *token.FileSet, file *ast.File) {
		if strings.HasSuffix(name, "_test.go") || !below(name, "cmd") && !below(name, "generators") && !below(name, "internal") {
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

// mentions reports whether an expression contains an identifier.
func mentions(n ast.Node, name string) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		ident, ok := n.(*ast.Ident)
		found = found || ok && ident.Name == name
		return true
	})
	return found
}
