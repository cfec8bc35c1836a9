package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// within runs a command line in a folder, and fails the test unless it ends in time.
func within(t *testing.T, limit time.Duration, dir string, args ...string) (stderr string, code int) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, stderr, code = do(t, dir, args...)
	}()
	select {
	case <-done:
		return stderr, code
	case <-time.After(limit):
		t.Fatalf("builder %s waits", strings.Join(args, " "))
		return "", 0
	}
}

// TestIrregularFiles puts a named pipe, which would be waited for, and a device without an end in place of each kind of file that
// a command reads.
func TestIrregularFiles(t *testing.T) {
	whatever := map[string]func(string) error{
		"a named pipe": func(name string) error { return syscall.Mkfifo(name, 0o600) },
		"a device":     func(name string) error { return os.Symlink("/dev/zero", name) },
	}
	const generate, create, stop = "generate", "create resource --group fruit --version v1alpha1 --kind Plum", "stop"
	version := "create version --group fruit --version v1 --from v1alpha1"
	project := t.TempDir()
	must(t, project, "init --domain example.com --module example.com/shop --generate=false",
		"create resource --group fruit --version v1alpha1 --kind Apple --generate=false")
	files := read(t, project)
	for _, c := range []struct {
		file     string
		commands []string
	}{
		{"PROJECT", []string{generate, create, version, stop, "run", "kubectl get apples", "init --domain example.com --module example.com/shop"}},
		{"go.mod", []string{generate, create + " --generate=false", "run"}},
		{"go.sum", []string{generate, create, "run"}},
		{".scaffold/base.txtar", []string{generate, create + " --generate=false"}},
		{"hack/boilerplate.go.txt", []string{generate, create}},
		{"pkg/apis/fruit/v1alpha1/apple_types.go", []string{generate, create, version, "run"}},
		{"pkg/apis/fruit/v1alpha1/mine.go", []string{generate, create, version, "run"}},
		{"pkg/apis/fruit/v1alpha1/zz_generated.deepcopy.go", []string{generate, create}},
		{"internal/controller/mine_amd64.s", []string{generate, create, "run"}},
		{"config/samples/fruit_v1alpha1_apple.yaml", []string{generate, version}},
		{".builder/run.lock", []string{stop, "kubectl get apples"}},
	} {
		for is, put := range whatever {
			t.Run(c.file+" is "+is, func(t *testing.T) {
				dir := folder(t)
				write(t, dir, files)
				name := filepath.Join(dir, filepath.FromSlash(c.file))
				_ = os.Remove(name)
				if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := put(name); err != nil {
					t.Fatal(err)
				}
				before := state(t, dir)
				for _, command := range c.commands {
					stderr, code := within(t, 20*time.Second, dir, strings.Fields(command)...)
					if !strings.Contains(stderr, c.file+" is "+is+" where a file is needed: move it away\n") || code != 1 {
						t.Errorf("builder %s: exit code %d, %s", command, code, stderr)
					}
				}
				same(t, "files", before, state(t, dir))
			})
		}
	}
}

// TestLinkedPipe holds the same for what a link leads to: a file, and a file in a folder.
func TestLinkedPipe(t *testing.T) {
	dir, elsewhere := folder(t), folder(t)
	must(t, dir, "init --domain example.com --module example.com/shop --generate=false")
	if err := syscall.Mkfifo(filepath.Join(elsewhere, "pipe.go"), 0o600); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"cmd/linked.go": filepath.Join(elsewhere, "pipe.go"), "pkg/linked": elsewhere} {
		name := filepath.Join(dir, filepath.FromSlash(link))
		if err := os.Symlink(to, name); err != nil {
			t.Fatal(err)
		}
		if stderr, code := within(t, 20*time.Second, dir, "generate"); !strings.Contains(stderr, " is a named pipe where a file is needed: move it away\n") || code != 1 {
			t.Errorf("%s: exit code %d, %s", link, code, stderr)
		}
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}
