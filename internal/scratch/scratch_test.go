package scratch_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/apiserver-builder/builder/internal/scratch"
)

// childVariable makes the test binary create a folder, print its name, and wait to be killed.
const childVariable = "SCRATCH_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) == "" {
		os.Exit(m.Run())
	}
	dir, _, err := scratch.Dir()
	fmt.Println(dir)
	if err != nil {
		os.Exit(1)
	}
	time.Sleep(time.Minute)
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// TestSweep removes the folder of a process only after that process was killed, and no other files.
func TestSweep(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	mine, remove, err := scratch.Dir()
	if err != nil {
		t.Fatal(err)
	}
	others := []string{filepath.Join(tmp, "builder-1"), filepath.Join(tmp, "apiserver-builder-link")}
	if err := os.Mkdir(others[0], 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(others[0], others[1]); err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), childVariable+"=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Scan()
	theirs := lines.Text()
	if err := os.WriteFile(filepath.Join(theirs, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}

	scratch.Sweep()
	if !exists(theirs) || !exists(mine) {
		t.Error("the folder of a running process was removed")
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	scratch.Sweep()
	if exists(theirs) {
		t.Error("the folder of a killed process still exists")
	}
	for _, name := range append(others, mine) {
		if !exists(name) {
			t.Errorf("%s was removed", name)
		}
	}
	remove()
	if exists(mine) {
		t.Error("the folder still exists after remove")
	}
}

// TestDirWhileOthersSweep creates folders while other goroutines sweep: each folder is usable.
func TestDirWhileOthersSweep(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var sweepers, makers sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		sweepers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					scratch.Sweep()
				}
			}
		})
		makers.Go(func() {
			for range 100 {
				dir, remove, err := scratch.Dir()
				if err != nil {
					t.Error(err)
					return
				}
				if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
					t.Error(err)
				}
				remove()
			}
		})
	}
	makers.Wait()
	close(done)
	sweepers.Wait()
}
