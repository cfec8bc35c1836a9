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

// logTail is the size of the part of a program's log that is printed after a failed test.
const logTail = 4 << 10

// StartProcess runs a program until the test or this process ends, in any way. Its output goes to NAME.log in dir. The end of the
// log is printed after a failure. The channel closes when the program has ended.
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
		// The child ends with the thread that started it, so the thread must not end.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // it is killed below
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
		_ = cmd.Process.Kill() // it may have ended
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

// await waits until done returns nil. It fails the test after a timeout, or if the program has ended.
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
