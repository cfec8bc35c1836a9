package godriver

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fillVariable makes this program fill the cache in the variable's value for the project in the working directory, and exit.
const fillVariable = "BUILDER_TEST_FILL"

func TestMain(m *testing.M) {
	if dir := os.Getenv(fillVariable); dir != "" {
		work, err := os.Getwd()
		if err == nil {
			_, err = answer(context.Background(), cache{dir}, request(work))
		}
		if err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestKilled kills processes while they fill a cache. The next process must still be able to fill it, and remove leftover files.
func TestKilled(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := write(t)
	start := func(c cache) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), self)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), fillVariable+"="+c.dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	began := time.Now()
	if err := start(cache{t.TempDir()}).Wait(); err != nil {
		t.Fatal(err)
	}
	whole, killed := time.Since(began), 0
	for range 12 {
		c := cache{t.TempDir()}
		cmd := start(c)
		time.Sleep(rand.N(whole))
		if err := cmd.Process.Kill(); err == nil {
			killed++
		}
		_ = cmd.Wait() // it was killed
		if _, err := answer(t.Context(), c, request(dir)); err != nil {
			t.Fatal(err)
		}
		if err := c.prune(time.Now()); err != nil {
			t.Fatal(err)
		}
		names, err := filepath.Glob(filepath.Join(c.stubs(), "*"))
		if err != nil || len(names) == 0 || strings.Contains(strings.Join(names, " "), ".new") {
			t.Errorf("stubs %q, %v", names, err)
		}
	}
	if killed == 0 {
		t.Error("no process was killed")
	}
}
