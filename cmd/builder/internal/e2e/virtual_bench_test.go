package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// BenchmarkVirtualWatch compares the watches of a virtual kind with those of a stored one, in a project with both. The programs must be in
// PATH. testdata/bench/watch_test.go measures, and prints the ratios.
func BenchmarkVirtualWatch(b *testing.B) {
	sources, err := filepath.Abs(filepath.Join("testdata", "bench"))
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	run := func(name string, args ...string) {
		cmd := exec.CommandContext(b.Context(), name, args...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = dir, os.Stdout, os.Stderr
		if err := cmd.Run(); err != nil {
			b.Fatalf("%s %v: %v", name, args, err)
		}
	}
	run("builder", "init", "--domain", "example.com", "--module", "example.com/bench", "--generate=false")
	run("builder", "create", "resource", "--group", "fruit", "--version", "v1", "--kind", "Apple", "--no-controller", "--generate=false")
	run("builder", "create", "resource", "--group", "fruit", "--version", "v1", "--kind", "Pear", "--shape", "virtual", "--generate=false")
	for from, to := range map[string]string{"storage.go": "pkg/registry/fruit/pear", "watch_test.go": "test"} {
		run("cp", filepath.Join(sources, from), to)
	}
	run("rm", "test/fruit_pear_test.go")
	run("builder", "generate")
	for b.Loop() {
		run("go", "test", "./test", "-count=1", "-v", "-run", "TestVirtualWatch")
	}
}
