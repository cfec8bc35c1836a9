package main

import (
	"bytes"
	"math/rand/v2"
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

// stages are the folders in which a running builder keeps what it is about to put in place.
func stages(t testing.TB, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, ".builder-stage-*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestKilled kills builder while it writes, at moments of chance, and runs the same command again: the project becomes what
// it is without the disturbance.
func TestKilled(t *testing.T) {
	const kills = 12
	undisturbed := folder(t)
	must(t, undisturbed, declaration...)
	want := read(t, undisturbed)
	interrupted := 0
	for i := range kills {
		dir := folder(t)
		for _, line := range declaration[:2] {
			if killed := kill(t, dir, strings.Fields(line)); killed {
				interrupted++
			}
			must(t, dir, line)
			if left := stages(t, dir); len(left) > 0 {
				t.Errorf("the next run leaves %v", left)
			}
		}
		must(t, dir, declaration[2:]...)
		same(t, "the project differs from one whose making was never interrupted", want, read(t, dir))
		if t.Failed() {
			t.Fatalf("at attempt %d", i)
		}
	}
	t.Logf("%d of %d runs were killed while they wrote", interrupted, 2*kills)
	if interrupted == 0 {
		t.Errorf("none of %d runs was killed while it wrote", 2*kills)
	}
}

// kill starts builder, waits for it to begin writing, and kills it up to some milliseconds later. It says whether that was in time.
func kill(t *testing.T, dir string, args []string) bool {
	t.Helper()
	cmd := exec.Command("builder", args...)
	cmd.Dir = dir
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for len(stages(t, dir)) == 0 {
		select {
		case <-ended:
			return false
		default:
			runtime.Gosched()
		}
	}
	time.Sleep(time.Duration(rand.Int64N(int64(8 * time.Millisecond))))
	if err := cmd.Process.Kill(); err != nil {
		return false
	}
	return <-ended != nil
}

// TestKilledWhileGenerating does it once with everything there is to write.
func TestKilledWhileGenerating(t *testing.T) {
	want := read(t, shop(t))
	dir := folder(t)
	must(t, dir, declaration...)
	kill(t, dir, []string{"generate"})
	must(t, dir, "generate")
	same(t, "the project differs from one whose making was never interrupted", want, read(t, dir))
}

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
		_, stderr, code := do(t, dir, strings.Fields(line)...)
		if want := "builder: another builder is at work in " + dir + ": run this again when it is done\n"; code != 1 || stderr != want {
			t.Errorf("builder %s: exit code %d\n%s", line, code, stderr)
		}
	}
	same(t, "the project has changed", before, state(t, dir))
	unlock()
	must(t, dir, addPear)
}

// TestTwoAtOnce starts two builders together: each either does its work or says that the other is at it.
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
		if err := <-errs[i]; err != nil && !strings.HasPrefix(outputs[i].String(), "builder: another builder is at work in ") {
			t.Errorf("builder %s: %v\n%s", lines[i], err, outputs[i].String())
		}
	}
	must(t, dir, lines...)
	alone := folder(t)
	must(t, alone, declaration[0], lines[0], lines[1])
	same(t, "the project differs from one made step by step", read(t, alone), read(t, dir))
}

// TestNoPermission is a user who may not write to the project's folder, or to one in it.
func TestNoPermission(t *testing.T) {
	for _, forbidden := range []string{".", "pkg", "internal"} {
		t.Run(forbidden, func(t *testing.T) {
			dir := folder(t)
			must(t, dir, declaration[:2]...)
			give(t, dir)
			if err := os.Chmod(filepath.Join(dir, forbidden), 0o555); err != nil {
				t.Fatal(err)
			}
			if forbidden != "." { // what is deeper down would still be open
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

// give makes a folder nobody's, if this process may do so.
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

// asNobody calls f without the privilege of root to pass over permissions.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		f()
		return
	}
	runtime.LockOSThread() // the file system's user is the thread's
	defer runtime.UnlockOSThread()
	if _, err := unix.SetfsuidRetUid(nobody); err != nil {
		t.Fatal(err)
	}
	defer unix.SetfsuidRetUid(0)
	f()
}
