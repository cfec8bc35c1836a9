package run

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

func TestLock(t *testing.T) {
	dir := t.TempDir()
	state := filepath.Join(dir, stateDir)
	if pid, err := Running(t.Context(), dir); pid != 0 || err != nil {
		t.Fatalf("before: %d, %v", pid, err)
	}
	lock, err := acquire(t.Context(), state)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{state: 0o700, filepath.Join(state, lockFile): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, want %v (%v)", path, info.Mode().Perm(), want, err)
		}
	}
	var running *RunningError
	if _, err := acquire(t.Context(), state); !errors.As(err, &running) || running.PID != os.Getpid() {
		t.Errorf("second: %v", err)
	}
	if pid, err := Running(t.Context(), dir); pid != os.Getpid() || err != nil {
		t.Errorf("held: %d, %v", pid, err)
	}
	lock.Close()
	if pid, err := Running(t.Context(), dir); pid != 0 || err != nil {
		t.Errorf("after: %d, %v", pid, err)
	}
}

// TestLockWhileOthersLook verifies that checking the lock does not prevent another process from acquiring it.
func TestLockWhileOthersLook(t *testing.T) {
	dir := t.TempDir()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				_, _ = Running(t.Context(), dir)
			}
		}
	}()
	for range 50 {
		lock, err := acquire(t.Context(), filepath.Join(dir, stateDir))
		if err != nil {
			t.Fatal(err)
		}
		lock.Close()
	}
	close(stop)
	<-stopped
}

func TestStop(t *testing.T) {
	dir := t.TempDir()
	cmd, _ := startChild(t, "lock "+dir)
	var out bytes.Buffer
	if err := Stop(t.Context(), dir, &out); err != nil {
		t.Fatal(err)
	}
	if want := "stopped (pid " + strconv.Itoa(cmd.Process.Pid) + ")\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it did not end in order: %v", err)
	}
	out.Reset()
	if err := Stop(t.Context(), dir, &out); err != nil || out.String() != "not running\n" {
		t.Errorf("again: %q, %v", out.String(), err)
	}
}

// TestStopStale verifies that Stop ignores the pid of a killed run, which may belong to another process now.
func TestStopStale(t *testing.T) {
	dir := t.TempDir()
	bystander, _ := startChild(t, "lock "+t.TempDir())
	if err := os.Mkdir(filepath.Join(dir, stateDir), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, stateDir, lockFile), []byte(strconv.Itoa(bystander.Process.Pid)), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := Stop(t.Context(), dir, &out); err != nil || out.String() != "not running\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
	if !alive(bystander.Process.Pid) {
		t.Error("the bystander was ended")
	}
}
