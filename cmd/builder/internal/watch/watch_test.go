package watch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A sandbox is a project in which a test makes the changes of users and programs.
type sandbox struct {
	*testing.T
	dir string
}

func newSandbox(t *testing.T) sandbox {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOWORK", "")
	t.Setenv("GOFLAGS", "")
	p := sandbox{t, filepath.Join(root, "shop")}
	for _, name := range []string{"PROJECT", "README.md", "pkg/apis/v1/types.go", "pkg/apis/v1/types_test.go", "pkg/apis/v1/zz_generated.deepcopy.go", "test/zz_generated.a_test.go", "docs/a.md", "config/a.yaml", ".git/index", "bin/server"} {
		p.write(name, name)
	}
	p.write("go.mod", "module example.com/shop\n\ngo 1.26\n\nreplace example.com/lib => ../lib\n")
	p.write("../lib/go.mod", "module example.com/lib\n")
	p.write("../lib/lib.go", "package lib\n")
	return p
}

func (p sandbox) path(name string) string { return filepath.Join(p.dir, filepath.FromSlash(name)) }

func (p sandbox) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

func (p sandbox) write(name, content string) {
	p.Helper()
	p.must(os.MkdirAll(filepath.Dir(p.path(name)), 0o755))
	p.must(os.WriteFile(p.path(name), []byte(content), 0o644))
}

// rename saves a file like many editors: they write another file and rename it.
func (p sandbox) rename(from, to string) {
	p.Helper()
	p.must(os.Rename(p.path(from), p.path(to)))
}

func (p sandbox) remove(name string) {
	p.Helper()
	p.must(os.RemoveAll(p.path(name)))
}

// expect compares the reported change with want, which is "" if none is expected.
func (p sandbox) expect(tree *Tree, want string) {
	p.Helper()
	limit := 4 * quiet
	if want != "" {
		limit = time.Minute
	}
	ctx, cancel := context.WithTimeout(p.Context(), limit)
	defer cancel()
	start := time.Now()
	change, err := tree.Next(ctx)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		p.Fatal(err)
	}
	if got := strings.Join(change.Paths, " "); got != want {
		p.Fatalf("got %q, want %q", got, want)
	}
	if age := time.Since(change.Since); want != "" && (age < quiet || change.Since.Before(start.Add(-quiet))) {
		p.Errorf("noticed %s ago", age)
	}
}

// TestNext makes its changes in the same project, because earlier changes may affect later ones.
func TestNext(t *testing.T) {
	p := newSandbox(t)
	tree, err := New(t.Context(), p.dir, func(path string) bool { return strings.HasPrefix(path, "config/") })
	p.must(err)
	defer tree.Close()
	types, lib := "pkg/apis/v1/types.go", filepath.Join(filepath.Dir(p.dir), "lib", "lib.go")
	for _, step := range []struct {
		name string
		do   func()
		want string
	}{
		{"nothing", func() {}, ""},
		{"a save", func() { p.write(types, "a") }, types},
		{"a save of the same", func() { p.write(types, "a") }, ""},
		{"a touch", func() { p.must(os.Chtimes(p.path(types), time.Now(), time.Now())) }, ""},
		{"a file renamed over another", func() { p.write("pkg/apis/v1/.types.go.swp", "b"); p.rename("pkg/apis/v1/.types.go.swp", types) }, types},
		{"a file moved away and written again", func() { p.rename(types, types+"~"); p.write(types, "c") }, types},
		{"a save after that", func() { p.write(types, "d") }, types},
		{"two saves", func() { p.write(types, "e"); p.write("PROJECT", "e") }, "PROJECT " + types},
		{"back again at once", func() { p.write(types, "f"); p.write(types, "e") }, ""},
		{"own writes", func() {
			p.write("pkg/apis/v1/zz_generated.deepcopy.go", "mine")
			tree.Wrote("pkg/apis/v1/zz_generated.deepcopy.go")
		}, ""},
		{"own deletions", func() { p.remove("test/zz_generated.a_test.go"); tree.Wrote("test/zz_generated.a_test.go") }, ""},
		{"a generated file changed by another", func() { p.write("pkg/apis/v1/zz_generated.deepcopy.go", "theirs") }, "pkg/apis/v1/zz_generated.deepcopy.go"},
		{"own writes, and another's later", func() { p.write(types, "g"); tree.Wrote(types); p.write(types, "h") }, types},
		{"a generated file deleted", func() { p.remove("pkg/apis/v1/zz_generated.deepcopy.go") }, "pkg/apis/v1/zz_generated.deepcopy.go"},
		{"what nothing is made from", func() {
			for _, name := range []string{"README.md", "pkg/apis/v1/types_test.go", "pkg/apis/v1/.hidden.go", "docs/a.md", ".git/index", "bin/server", "vendor/a/a.go", "testdata/a.go", ".builder/logs/a.log", "other/go.mod", "other/a.go"} {
				p.write(name, "x")
			}
		}, ""},
		{"a folder is made", func() { p.write("pkg/new/deep/down.go", "x") }, "pkg/new/deep/down.go"},
		{"a save in it", func() { p.write("pkg/new/deep/down.go", "y") }, "pkg/new/deep/down.go"},
		{"it is renamed", func() { p.rename("pkg/new", "pkg/newer") }, "pkg/new/deep/down.go pkg/newer/deep/down.go"},
		{"a save in the renamed", func() { p.write("pkg/newer/deep/down.go", "z") }, "pkg/newer/deep/down.go"},
		{"it is deleted", func() { p.remove("pkg/newer") }, "pkg/newer/deep/down.go"},
		{"a folder is replaced by another", func() { p.rename("pkg/apis", "pkg/.old"); p.write(types, "new") }, types},
		{"a save in that", func() { p.write(types, "newer") }, types},
		{"a checkout deletes a folder and makes it again", func() { p.remove("pkg/apis"); p.write(types, "newer"); p.write("hack/boilerplate.go.txt", "x") }, "hack/boilerplate.go.txt"},
		{"a save after that", func() { p.write(types, "i") }, types},
		{"what else was asked for", func() { p.write("config/a.yaml", "x") }, "config/a.yaml"},
		{"what a package embeds", func() {
			p.write("pkg/e/e.go", "//go:embed all:testdata\n")
			p.write("pkg/e/testdata/_deep/a.html", "x")
		}, "pkg/e/e.go pkg/e/testdata/_deep/a.html"},
		{"a save in what is embedded", func() { p.write("pkg/e/testdata/_deep/a.html", "y") }, "pkg/e/testdata/_deep/a.html"},
		{"a named pipe in place of a file", func() { p.remove(types); p.must(syscall.Mkfifo(p.path(types), 0o600)) }, types},
		{"a file again", func() { p.remove(types); p.write(types, "j") }, types},
		{"a link that leads nowhere", func() { p.must(os.Symlink("nowhere", p.path("pkg/e/link.go"))) }, "pkg/e/link.go"},
		{"a link to a folder above", func() { p.must(os.Symlink("..", p.path("pkg/e/up"))) }, ""},
		{"a module in place of another", func() { p.write("../lib/lib.go", "package lib // changed\n") }, lib},
		{"that module is no longer used", func() { p.write("go.mod", "module example.com/shop\n") }, "go.mod"},
		{"a save in it", func() { p.write("../lib/lib.go", "package lib\n") }, ""},
	} {
		t.Log(step.name)
		step.do()
		p.expect(tree, step.want)
	}
	p.remove(".")
	if _, err := tree.Next(t.Context()); !errors.Is(err, ErrGone) {
		t.Errorf("without the folder: %v", err)
	}
}

// TestBusy writes continuously, which must delay a report only for a limited time.
func TestBusy(t *testing.T) {
	p := newSandbox(t)
	tree, err := New(t.Context(), p.dir, nil)
	p.must(err)
	defer tree.Close()
	done := make(chan struct{})
	defer close(done)
	go func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			case <-time.After(quiet / 5):
				_ = os.WriteFile(p.path("README.md"), []byte(strings.Repeat("x", i)), 0o644)
			}
		}
	}()
	p.write("PROJECT", "changed")
	start := time.Now()
	change, err := tree.Next(t.Context())
	p.must(err)
	if took := time.Since(start); took < longest/2 || took > 2*longest {
		t.Errorf("took %s", took)
	}
	if diff := cmp.Diff([]string{"PROJECT"}, change.Paths); diff != "" {
		t.Error(diff)
	}
}

// TestWorkspace watches a module in a go.work file, and go.work itself.
func TestWorkspace(t *testing.T) {
	p := newSandbox(t)
	root := filepath.Dir(p.dir)
	p.write("go.mod", "module example.com/shop\n\ngo 1.26\n")
	p.write("../go.work", "go 1.26\n\nuse ./shop\nuse ./lib\n")
	tree, err := New(t.Context(), p.dir, nil)
	p.must(err)
	defer tree.Close()
	p.write("../lib/lib.go", "package lib // changed\n")
	p.expect(tree, filepath.Join(root, "lib", "lib.go"))
	p.write("../go.work", "go 1.26\n\nuse ./shop\n")
	p.expect(tree, filepath.Join(root, "go.work"))
	p.write("../lib/lib.go", "package lib\n")
	p.expect(tree, "") // it is no longer listed
}

// TestManyFiles creates folders and files faster than they can be watched.
func TestManyFiles(t *testing.T) {
	p := newSandbox(t)
	tree, err := New(t.Context(), p.dir, nil)
	p.must(err)
	defer tree.Close()
	for i := range 80 {
		for j := range 30 {
			p.write(filepath.Join("pkg", "p"+string(rune('a'+i%26))+string(rune('a'+i/26)), "f"+string(rune('a'+j))+".go"), "x")
		}
	}
	seen := 0
	for seen < 80*30 {
		change, err := tree.Next(t.Context())
		p.must(err)
		seen += len(change.Paths)
	}
	if seen != 80*30 {
		t.Errorf("%d files were reported", seen)
	}
}

func TestInterrupted(t *testing.T) {
	p := newSandbox(t)
	tree, err := New(t.Context(), p.dir, nil)
	p.must(err)
	defer tree.Close()
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(quiet, func() { cancel(stop) })
	if _, err := tree.Next(ctx); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
}
