package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// BenchmarkInit measures the creation of a project with one kind in an empty folder, including the start of the processes.
func BenchmarkInit(b *testing.B) {
	builder := filepath.Join(b.TempDir(), "builder")
	command(b, ".", "go", "build", "-o", builder, ".")
	for _, c := range []struct{ name, flag string }{
		{"scaffold", "--generate=false"},
		{"generate", "--generate=true"},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				dir, err := os.MkdirTemp(b.TempDir(), "shop-")
				if err != nil {
					b.Fatal(err)
				}
				command(b, dir, builder, "init", "--domain", "example.com", "--module", "example.com/shop", "--generate=false")
				command(b, dir, builder, "create", "resource", "--group", "fruit", "--version", "v1alpha1", "--kind", "Apple", c.flag)
			}
		})
	}
}

func command(b *testing.B, dir, name string, args ...string) {
	b.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	if output, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s %v: %v\n%s", name, args, err, output)
	}
}
