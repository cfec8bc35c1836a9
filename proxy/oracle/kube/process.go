package kube

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// How much of a program's log to show when a test failed.
const logTail = 4 << 10

// StartProcess runs a program until the test ends, or until this process does, however that happens. Its output goes
// to NAME.log in dir, whose end is shown when it doesn't go well. The channel closes when the program has ended.
func StartProcess(t testing.TB, dir, name, program string, args ...string) (*os.Process, <-chan struct{}) {
	t.Helper()
	log, err := os.Create(filepath.Join(dir, name+".log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	cmd.SysProcAttr = endWithParent()
	started, ended := make(chan error), make(chan struct{})
	go func() {
		// The child ends with the thread that started it, so that one has to stay.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // it is killed, below
		}
		close(ended)
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of %s:\n%s", log.Name(), tail(log.Name()))
		}
		_ = cmd.Process.Kill() // unless it has ended
		<-ended
	})
	return cmd.Process, ended
}

func tail(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(data[max(0, len(data)-logTail):])
}

// await waits until done returns nil. It ends the test when that takes too long, or the program it waits for has ended.
func await(t testing.TB, what string, ended <-chan struct{}, done func(context.Context) error) {
	t.Helper()
	proxytest.Eventually(t, what, proxytest.Patience, func(ctx context.Context) error {
		select {
		case <-ended:
			t.Fatalf("%s: the program has ended", what)
		default:
		}
		return done(ctx)
	})
}
