package run

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/apiserver-builder/builder/cmd/builder/internal/display"
)

// inTime fails the test unless f returns within a few seconds.
func inTime(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatalf("%s waits", what)
	}
}

// TestHolderThatCantBeTold holds the lock while the file does not contain the pid of the process that holds it.
func TestHolderThatCantBeTold(t *testing.T) {
	dir := t.TempDir()
	holding, _ := startChild(t, "lock "+dir)
	bystander, _ := startChild(t, "lock "+t.TempDir())
	gone, _ := startChild(t, "lock "+t.TempDir())
	_ = gone.Process.Kill()
	_ = gone.Wait()
	state := filepath.Join(dir, stateDir)
	name := filepath.Join(state, lockFile)
	for _, c := range []struct{ name, content, problem string }{
		{"empty", "", `the file is empty`},
		{"no number", "builder", `the file has "builder" in place of a process id`},
		{"a group of processes", "-1", `the file has "-1" in place of a process id`},
		{"zero", "0", `the file has "0" in place of a process id`},
		{"too much", strings.Repeat("1", 1<<20), `the file has "11111111111111111111" in place of a process id`},
		{"a process that has ended", strconv.Itoa(gone.Process.Pid), "the file names process PID, which is not the one that holds it"},
		{"another process", strconv.Itoa(bystander.Process.Pid), "the file names process PID, which is not the one that holds it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := os.WriteFile(name, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			inTime(t, "holder", func() {
				_, err := holder(t.Context(), state, 50*time.Millisecond)
				want := "another process has held " + name + " for 50ms, and which one can't be told (" + strings.Replace(c.problem, "PID", c.content, 1) +
					`): if "builder run" runs in a container, stop it there; else find the process with "fuser ` + name + `" and end it`
				if err == nil || err.Error() != want {
					t.Errorf("got  %v\nwant %s", err, want)
				}
			})
		})
	}
	for _, process := range []int{holding.Process.Pid, bystander.Process.Pid} {
		if !alive(process) {
			t.Errorf("process %d was ended", process)
		}
	}

	t.Run("interrupted", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		inTime(t, "holder", func() {
			if _, err := holder(ctx, state, time.Hour); err == nil || ctx.Err() == nil {
				t.Errorf("got %v", err)
			}
		})
	})
	t.Run("kubectl need not know which", func(t *testing.T) {
		if running, err := IsRunning(dir); !running || err != nil {
			t.Errorf("got %v, %v", running, err)
		}
	})
	t.Run("what a user sees", func(t *testing.T) {
		inTime(t, "builder stop", func() {
			if err := Stop(t.Context(), dir, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "can't be told") {
				t.Errorf("stop: %v", err)
			}
		})
		inTime(t, "builder run", func() {
			if _, err := acquire(t.Context(), state); err == nil || !strings.Contains(err.Error(), "can't be told") {
				t.Errorf("run: %v", err)
			}
		})
	})
}

// TestLockShared verifies that a shared lock, which a run never takes, is not treated as a run.
func TestLockShared(t *testing.T) {
	state := t.TempDir()
	file, err := os.Create(filepath.Join(state, lockFile))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := unix.Flock(int(file.Fd()), unix.LOCK_SH); err != nil {
		t.Fatal(err)
	}
	inTime(t, "acquire", func() {
		_, err := acquire(t.Context(), state)
		if err == nil || !strings.HasPrefix(err.Error(), "another process keeps a shared lock on "+file.Name()) {
			t.Errorf("got %v", err)
		}
	})
}

// TestIrregularState verifies that irregular files in place of a run's files do not block.
func TestIrregularState(t *testing.T) {
	for _, c := range []struct {
		name, file string
		make       func(string) error
		says       string
	}{
		{"the lock is a named pipe", lockFile, func(name string) error { return syscall.Mkfifo(name, 0o600) }, "run.lock is a named pipe where a file is needed: move it away"},
		{"the lock is a folder", lockFile, func(name string) error { return os.Mkdir(name, 0o700) }, "run.lock is a folder where a file is needed: move it away"},
		{"the lock is a device", lockFile, func(name string) error { return os.Symlink("/dev/zero", name) }, "run.lock is a device where a file is needed: move it away"},
		{"a log is a named pipe", "logs/proxy.log", func(name string) error { return syscall.Mkfifo(name, 0o600) }, "proxy.log is a named pipe where a file is needed: move it away"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			state := filepath.Join(dir, stateDir)
			if err := os.MkdirAll(filepath.Join(state, "logs"), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := c.make(filepath.Join(state, filepath.FromSlash(c.file))); err != nil {
				t.Fatal(err)
			}
			calls := map[string]func() error{
				"stop":    func() error { return Stop(t.Context(), dir, &bytes.Buffer{}) },
				"run":     func() error { _, err := acquire(t.Context(), state); return err },
				"kubectl": func() error { _, err := IsRunning(dir); return err },
			}
			if c.file != lockFile {
				f := newFamily(t)
				f.logs = filepath.Join(state, "logs")
				calls = map[string]func() error{"start": func() error { _, err := f.start("proxy", os.Args[0], nil, nil); return err }}
			}
			for what, call := range calls {
				inTime(t, what, func() {
					if err := call(); err == nil || !strings.HasSuffix(err.Error(), c.says) {
						t.Errorf("%s: %v", what, err)
					}
				})
			}
		})
	}
}

// TestStopEnds verifies that "builder stop" returns at its timeout and when it is interrupted, even if the run does not end.
func TestStopEnds(t *testing.T) {
	dir := t.TempDir()
	child, _ := startChild(t, "lock "+dir)
	if err := child.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	interrupted, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, c := range []struct {
		name    string
		ctx     context.Context
		timeout time.Duration
		says    string
	}{
		{"limit", t.Context(), 100 * time.Millisecond, `^pid \d+ did not stop within 100ms: see .*/.builder/logs, or end it with: kill -9 \d+$`},
		{"interrupted", interrupted, time.Hour, `^interrupted: pid \d+ is still stopping$`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.ctx == interrupted {
				time.AfterFunc(200*time.Millisecond, cancel)
			}
			inTime(t, "stop", func() {
				if err := stop(c.ctx, dir, &bytes.Buffer{}, c.timeout); err == nil || !regexp.MustCompile(c.says).MatchString(err.Error()) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// TestStopEndsWithoutTheChild verifies that a child that cannot be killed is given up, and reported.
func TestStopEndsWithoutTheChild(t *testing.T) {
	f := newFamily(t)
	p, _ := f.add(t, "sloth", "record sloth "+filepath.Join(t.TempDir(), "file"))
	never := &process{name: p.name, cmd: p.cmd, done: make(chan struct{})} // like a process that waits for a disk
	inTime(t, "stop", func() {
		err := never.stop(10*time.Millisecond, 20*time.Millisecond)
		want := "the sloth (pid " + strconv.Itoa(p.pid()) + ") did not exit within 20ms after it was killed: check its disk"
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	})
	<-p.done
	<-f.crash // p was not told to stop
}

// TestNobodyReads verifies that a run whose output is not read ends when it is interrupted, although the children write more than fits in a
// pipe.
func TestNobodyReads(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	defer writer.Close()
	shown := newBacklog()
	c := newConsole(shown.to(writer), shown.to(writer), display.Style{})
	inTime(t, "writing", func() {
		for range 2 * backlogSize {
			c.log(apiserver, strings.Repeat("x", 100))
		}
		c.show(event{Lines: []string{"stopping"}})
	})
	inTime(t, "the end", func() { shown.close(10 * time.Millisecond) })

	// Once the output is read, it contains the rest, and the number of dropped lines.
	var text strings.Builder
	lines := bufio.NewScanner(reader)
	inTime(t, "reading", func() {
		for !strings.Contains(text.String(), " more lines were not shown: see .builder/logs)") && lines.Scan() {
			text.WriteString(lines.Text() + "\n")
		}
	})
	if want := apiserver + "          | " + strings.Repeat("x", 100) + "\n"; !strings.HasPrefix(text.String(), want) {
		t.Errorf("got %.200s", text.String())
	}
}

// TestDetachInterruptedEnds verifies that Ctrl-C ends a run in the background that ignores signals, together with its processes.
func TestDetachInterruptedEnds(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(modeVariable, "stubborn")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for ctx.Err() == nil {
			if log, _ := os.ReadFile(backgroundLog(dir)); strings.HasPrefix(string(log), "up ") {
				cancel()
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	inTime(t, "builder run --detach", func() {
		err := detach(ctx, Options{Dir: dir, Out: io.Discard, Err: io.Discard}, os.Args[0], 200*time.Millisecond)
		want := "the background process did not stop within 200ms and was killed: see " + backgroundLog(dir)
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	})
}

// TestClusterThatNeverAnswers verifies that requests to a proxy that accepts connections but does not respond end with an error that names
// the log.
func TestClusterThatNeverAnswers(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer server.Close()
	defer server.CloseClientConnections()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	content := "{apiVersion: v1, kind: Config, clusters: [{name: a, cluster: {server: '" + server.URL + "'}}], contexts: [{name: a, context: {cluster: a}}], current-context: a}"
	if err := os.WriteFile(kubeconfig, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	r := &runner{children: children{logs: "/logs"}}
	request := func(ctx context.Context, timeout time.Duration) error {
		client, err := newAdministrator(kubeconfig, timeout)
		if err != nil {
			t.Fatal(err)
		}
		return client.apply(ctx, localService("shop-system", "shop-apiserver", 20001))
	}
	inTime(t, "a request", func() {
		err := request(t.Context(), 100*time.Millisecond)
		if err = r.nameProxyOnTimeout(err); err == nil || !strings.HasSuffix(err.Error(), ": see the log of the aggregation proxy, /logs/aggregation-proxy.log") {
			t.Errorf("got %v", err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	inTime(t, "an interrupted request", func() {
		if err := request(ctx, time.Hour); err == nil {
			t.Error("the object was applied")
		}
	})
}
