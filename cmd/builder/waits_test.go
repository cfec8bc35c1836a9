package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// within runs a command line in a folder, and fails the test unless it exits in time.
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

// TestIrregularFiles replaces each kind of file that a command reads by a named pipe, which blocks readers, and by a device that never
// ends.
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

// TestLinkedPipe covers the targets of links: a file, and a file in a folder.
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

// TestModuleProxyThatNeverAnswers verifies that code generation reports progress, stops at its timeout and when it is interrupted, together
// with every go command that it started, and writes nothing.
func TestModuleProxyThatNeverAnswers(t *testing.T) {
	var requests atomic.Int64
	asked := make(chan struct{}, 100)
	proxy := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		asked <- struct{}{}
		defer requests.Add(-1)
		<-r.Context().Done()
	}))
	defer proxy.Close()
	defer proxy.CloseClientConnections()
	t.Setenv("GOPROXY", proxy.URL)
	t.Setenv("GOMODCACHE", t.TempDir())
	t.Setenv("GOFLAGS", "-modcacherw")
	t.Setenv("GOWORK", "off")
	t.Setenv("TMPDIR", t.TempDir()) // for the copy that code is generated from
	for _, c := range []struct {
		name      string
		timeouts  timeouts
		interrupt bool
		says      string
	}{
		{"limit", timeouts{generation: 5 * time.Second, report: time.Second, cleanup: 10 * time.Second}, false,
			`builder: code was not generated within 5s: see that "go mod download" succeeds in DIR, and whether what go env GOPROXY prints answers`},
		{"interrupted", timeouts{generation: time.Hour, report: time.Hour, cleanup: 10 * time.Second}, true, "builder: interrupted: nothing was written"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := folder(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var errs bytes.Buffer
			a := &app{
				stdin: strings.NewReader(""), stdout: io.Discard, stderr: &errs, getenv: os.Getenv, executable: os.Executable, timeouts: c.timeouts,
				getwd: func() (string, error) { return dir, nil },
			}
			code := make(chan int, 1)
			go func() {
				code <- a.execute(ctx, []string{"init", "--domain", "example.com", "--module", "example.com/shop"})
			}()
			if c.interrupt {
				<-asked
				cancel()
			}
			select {
			case got := <-code:
				if got != 1 {
					t.Errorf("exit code %d", got)
				}
			case <-time.After(time.Minute):
				t.Fatal("it waits")
			}
			if want := strings.Replace(c.says, "DIR", dir, 1) + "\n"; !strings.HasSuffix(errs.String(), want) {
				t.Errorf("got %s, want %s", errs.String(), want)
			}
			progress := regexp.MustCompile(`(?m)^Still generating code after \ds: the go command may be downloading modules \.\.\.$`)
			if progress.MatchString(errs.String()) == c.interrupt { // the interrupt comes before the first report
				t.Errorf("progress: %s", errs.String())
			}
			same(t, "files", map[string]string{}, read(t, dir))
			same(t, "copies", map[string]string{}, read(t, os.Getenv("TMPDIR")))
			// A go command that still runs would keep its request open.
			for len(asked) > 0 {
				<-asked
			}
			for end := time.Now().Add(10 * time.Second); requests.Load() > 0; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("%d requests go on", requests.Load())
				}
			}
		})
	}
}
