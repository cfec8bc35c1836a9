package run

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A family is children that run the test binary.
type family struct {
	children
	mu    sync.Mutex
	lines []string
	crash chan *crashError
}

func newFamily(t *testing.T) *family {
	f := &family{crash: make(chan *crashError, 1)}
	f.children = children{
		logs:  t.TempDir(),
		grace: 5 * time.Second,
		kill:  5 * time.Second,
		echo: func(name, line string) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.lines = append(f.lines, name+": "+line)
		},
		crash: func(e *crashError) { f.crash <- e },
	}
	t.Cleanup(func() { _ = f.stop() })
	return f
}

// add starts a child in a mode and returns its first line.
func (f *family) add(t *testing.T, name, mode string) (p *process, says string) {
	t.Helper()
	t.Setenv(modeVariable, mode)
	first := make(chan string, 100)
	p, err := f.start(name, os.Args[0], nil, func(line string) { first <- line })
	if err != nil {
		t.Fatal(err)
	}
	select {
	case line := <-first:
		return p, line
	case <-time.After(10 * time.Second):
		t.Fatalf("%s says nothing", name)
		return nil, ""
	}
}

func TestStopOrder(t *testing.T) {
	f, file := newFamily(t), filepath.Join(t.TempDir(), "order")
	for _, name := range []string{"first", "second", "third"} {
		f.add(t, name, "record "+name+" "+file)
	}
	if err := f.stop(); err != nil {
		t.Error(err)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if want := "third\nsecond\nfirst\n"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
	select {
	case e := <-f.crash:
		t.Errorf("an orderly end was taken for a crash: %v", e)
	default:
	}
}

func TestStopStubborn(t *testing.T) {
	f := newFamily(t)
	p, says := f.add(t, "mule", "stubborn")
	grandchild, err := strconv.Atoi(strings.TrimPrefix(says, "up "))
	if err != nil {
		t.Fatal(err)
	}
	if !alive(grandchild) {
		t.Fatal("no grandchild")
	}
	start := time.Now()
	if err := p.stop(300*time.Millisecond, 5*time.Second); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took < 300*time.Millisecond || took > 5*time.Second {
		t.Errorf("took %s", took)
	}
	eventually(t, "what it had started ends too", func() bool { return !alive(grandchild) })
}

func TestCrash(t *testing.T) {
	f := newFamily(t)
	p, _ := f.add(t, "weak", "crash")
	<-p.done
	e := <-f.crash
	if want := []string{"first", "second"}; !cmp.Equal(e.tail, want) {
		t.Error(cmp.Diff(want, e.tail))
	}
	log := filepath.Join(f.logs, "weak.log")
	if want := "the weak exited unexpectedly (exit status 3); all processes were stopped: see its log, " + log; e.Error() != want {
		t.Errorf("got %q, want %q", e, want)
	}
	if content, err := os.ReadFile(log); string(content) != "first\nsecond\n" {
		t.Errorf("log: %q, %v", content, err)
	}
	if want := []string{"weak: first", "weak: second"}; !cmp.Equal(f.lines, want) {
		t.Error(cmp.Diff(want, f.lines))
	}
}

// TestTry starts children on trial beside a running one. The end of a child on trial, or of a replaced child, is not a crash.
func TestTry(t *testing.T) {
	f, order := newFamily(t), filepath.Join(t.TempDir(), "order")
	first, _ := f.add(t, "server", "record first "+order)
	f.add(t, "last", "record last "+order)

	t.Setenv(modeVariable, "crash")
	weak, err := f.try("server", os.Args[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	<-weak.done
	end := f.keep(weak, first)
	want := "the new server exited unexpectedly (exit status 3): see its log, " + f.logFile("server")
	if end == nil || end.Error() != want {
		t.Errorf("got %v, want %s", end, want)
	}
	if err := f.drop(weak); err != nil || !alive(first.pid()) {
		t.Errorf("the other ended too, or: %v", err)
	}

	t.Setenv(modeVariable, "record second "+order)
	second, err := f.try("server", os.Args[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	log := func() string { content, _ := os.ReadFile(f.logFile("server")); return string(content) }
	eventually(t, "all three are in one log", func() bool { return log() == "up\nfirst\nsecond\nup\n" })
	if err := f.keep(second, first); err != nil {
		t.Fatal(err)
	}
	if err := f.drop(first); err != nil {
		t.Error(err)
	}
	if err := f.stop(); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(order); string(got) != "first\nlast\nsecond\n" {
		t.Errorf("ended in the order %q (%v)", got, err)
	}
	if _, err := f.try("server", os.Args[0], nil); !errors.Is(err, errStopped) {
		t.Errorf("started after the end: %v", err)
	}
	if lines := strings.Join(f.lines, ", "); lines != "server: up, last: up" {
		t.Errorf("shown: %s", lines)
	}
	select {
	case e := <-f.crash:
		t.Errorf("a crash: %v", e)
	default:
	}
}

// TestCrashAfterKeep verifies that a child that is kept is no longer on trial.
func TestCrashAfterKeep(t *testing.T) {
	f := newFamily(t)
	t.Setenv(modeVariable, "stubborn")
	p, err := f.try("server", os.Args[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.keep(p, nil); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if e := <-f.crash; !strings.HasPrefix(e.Error(), "the server exited unexpectedly (signal: killed); all processes were stopped") {
		t.Errorf("got %v", e)
	}
}

func TestStartMissing(t *testing.T) {
	f := newFamily(t)
	if _, err := f.start("ghost", "/does/not/exist", nil, nil); err == nil || !strings.HasPrefix(err.Error(), "start the ghost: ") {
		t.Errorf("got %v", err)
	}
}

// TestKilledSupervisor verifies that children end when their supervisor is killed.
func TestKilledSupervisor(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux does that")
	}
	supervisor, says := startChild(t, "supervise "+t.TempDir())
	pid, err := strconv.Atoi(says)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond) // long enough for an idle thread to exit
	if !alive(pid) {
		t.Fatal("the child ended before its supervisor")
	}
	if err := supervisor.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the child ends", func() bool { return !alive(pid) })
}
