package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/apiserver-builder/builder/generators/scaffold"
)

const addPear = "create resource --group fruit --version v1alpha1 --kind Pear --generate=false"

// TestOneAtATime holds the folder as another builder would.
func TestOneAtATime(t *testing.T) {
	dir := folder(t)
	must(t, dir, declaration[:2]...)
	unlock, err := scaffold.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	before := state(t, dir)
	for _, line := range []string{declaration[0], addPear, "generate"} {
		var stderr bytes.Buffer
		a := &app{stdout: io.Discard, stderr: &stderr, getwd: func() (string, error) { return dir, nil }, timeouts: timeouts{lock: 300 * time.Millisecond}}
		code := a.execute(t.Context(), strings.Fields(line))
		if want := "Waiting for another builder process in " + dir + " ...\nbuilder: another builder is at work in " + dir + ": run this again when it is done\n"; code != 1 || stderr.String() != want {
			t.Errorf("builder %s: exit code %d\n%s", line, code, stderr.String())
		}
	}
	same(t, "the project has changed", before, state(t, dir))
	time.AfterFunc(200*time.Millisecond, unlock)
	must(t, dir, addPear)
}

// TestTwoAtOnce runs two builders concurrently. One must wait for the other.
func TestTwoAtOnce(t *testing.T) {
	dir := folder(t)
	must(t, dir, declaration[0])
	lines := []string{declaration[1], addPear}
	outputs, errs := [2]bytes.Buffer{}, [2]chan error{make(chan error, 1), make(chan error, 1)}
	for i, line := range lines {
		cmd := exec.Command("builder", strings.Fields(line)...)
		cmd.Dir, cmd.Stderr = dir, &outputs[i]
		go func() { errs[i] <- cmd.Run() }()
	}
	for i := range lines {
		if err := <-errs[i]; err != nil {
			t.Errorf("builder %s: %v\n%s", lines[i], err, outputs[i].String())
		}
	}
	alone := folder(t)
	must(t, alone, declaration[0], lines[0], lines[1])
	same(t, "the project differs from one made step by step", read(t, alone), read(t, dir))
}

// TestNoPermission runs builder without permission to write to the project's folder, or to a folder in it.
func TestNoPermission(t *testing.T) {
	for _, forbidden := range []string{".", "pkg", "internal"} {
		t.Run(forbidden, func(t *testing.T) {
			dir := folder(t)
			must(t, dir, declaration[:2]...)
			give(t, dir)
			if err := os.Chmod(filepath.Join(dir, forbidden), 0o555); err != nil {
				t.Fatal(err)
			}
			if forbidden != "." { // folders below it would still be writable
				deeper, err := filepath.Glob(filepath.Join(dir, forbidden, "*"))
				if err != nil {
					t.Fatal(err)
				}
				for _, name := range append(deeper, filepath.Join(dir, "pkg/apis/fruit/v1alpha1")) {
					if err := os.Chmod(name, 0o555); err != nil {
						t.Fatal(err)
					}
				}
			}
			before := state(t, dir)
			var stderr string
			var code int
			asNobody(t, func() { _, stderr, code = do(t, dir, strings.Fields(addPear)...) })
			if code != 1 || !strings.Contains(stderr, "permission denied") || strings.Count(stderr, "\n") != 1 {
				t.Errorf("exit code %d\n%s", code, stderr)
			}
			same(t, "the project has changed", before, state(t, dir))
		})
	}
}

const nobody = 65534

// give changes the owner of a folder to another user, if the process may do so.
func give(t *testing.T, dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	for name := range read(t, dir) {
		for name = filepath.Join(dir, name); name != filepath.Dir(dir); name = filepath.Dir(name) {
			if err := os.Chown(name, nobody, nobody); err != nil {
				t.Fatal(err)
			}
		}
	}
	for parent := filepath.Dir(dir); parent != os.TempDir() && parent != "/"; parent = filepath.Dir(parent) {
		if err := os.Chmod(parent, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// asNobody calls f without root's capability to ignore file permissions.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		f()
		return
	}
	runtime.LockOSThread() // setfsuid applies to the thread
	defer runtime.UnlockOSThread()
	if _, err := unix.SetfsuidRetUid(nobody); err != nil {
		t.Fatal(err)
	}
	defer unix.SetfsuidRetUid(0)
	f()
}
