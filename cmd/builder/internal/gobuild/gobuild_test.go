package gobuild

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// packages is the number of packages of the program that the tests build. Each imports the next one, so that the go command compiles
// them one after the other.
const packages = 20

// program writes a program whose packages are not in the build cache. It returns its folder.
func program(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, content string) {
		name = filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(content), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module example.com/chain\n\ngo 1.26\n")
	write("main.go", "package main\n\nimport \"example.com/chain/p1\"\n\nfunc main() { println(p1.X) }\n")
	for i := 1; i < packages-1; i++ {
		write(fmt.Sprintf("p%d/p.go", i), fmt.Sprintf("package p%d\n\nimport \"example.com/chain/p%d\"\n\nvar X = p%d.X\n", i, i+1, i+1))
	}
	last := packages - 1
	write(fmt.Sprintf("p%d/p.go", last), fmt.Sprintf("package p%d\n\nvar X = %q\n", last, fmt.Sprint(time.Now().UnixNano())))
	t.Setenv("GOWORK", "off")
	t.Setenv("GOFLAGS", "")
	return dir
}

func options(dir string, shown *[]string) Options {
	return Options{
		Dir: dir, Output: filepath.Join(dir, "bin") + "/", Flags: []string{"-buildvcs=false"}, Packages: []string{"./..."},
		Show: func(text string) { *shown = append(*shown, text) },
	}
}

// TestBuildShowsPackages builds a program that is partly in the build cache, and another time.
func TestBuildShowsPackages(t *testing.T) {
	dir := program(t)
	var shown []string
	o := options(dir, &shown)
	o.Packages = []string{"./p10"} // and those that it imports
	o.Output = os.DevNull
	if output, err := build(t.Context(), o, time.Hour); err != nil || output != "" {
		t.Fatalf("%q, %v", output, err)
	}
	if want := fmt.Sprintf("package %d", packages-10); len(shown) != packages-10 || shown[len(shown)-1] != want {
		t.Errorf("before the packages are counted: %q, want %s at the end", shown, want)
	}
	shown = nil
	if output, err := build(t.Context(), options(dir, &shown), 0); err != nil || output != "" {
		t.Fatalf("%q, %v", output, err)
	}
	if want := "package 10 of 10"; len(shown) == 0 || shown[len(shown)-1] != want {
		t.Errorf("%q, want %s at the end", shown, want)
	}
	if _, err := os.Stat(filepath.Join(dir, "bin/chain")); err != nil {
		t.Error(err)
	}
	shown = nil
	if output, err := build(t.Context(), options(dir, &shown), time.Hour); err != nil || output != "" || len(shown) > 0 {
		t.Errorf("with nothing to compile: %q, %v, %q", output, err, shown)
	}
}

// TestBuildReturnsErrors builds a program that does not compile. The output contains the errors without the progress.
func TestBuildReturnsErrors(t *testing.T) {
	dir := program(t)
	if err := os.WriteFile(filepath.Join(dir, "p2/p.go"), []byte("package p2\n\nvar X int = \"\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var shown []string
	output, err := Build(t.Context(), options(dir, &shown))
	lines := strings.Split(output, "\n")
	if err == nil || len(lines) != 2 || lines[0] != "# example.com/chain/p2" || !strings.HasPrefix(lines[1], "p2/p.go:3:13: ") {
		t.Errorf("%q, %v", output, err)
	}
}

// TestBuildEndsWithContext interrupts a build.
func TestBuildEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := options(program(t), new([]string))
	o.Show = func(string) { cancel() }
	if _, err := Build(ctx, o); err == nil {
		t.Error("the build was not interrupted")
	}
}

// TestProgram runs the program that the Makefile uses, on a terminal and with a pipe.
func TestProgram(t *testing.T) {
	main := filepath.Join(t.TempDir(), "main")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", main, "main.go").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), main, "-o", os.DevNull, "./...")
	cmd.Dir, cmd.Env = program(t), append(os.Environ(), "TERM=xterm")
	terminal, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	out, _ := io.ReadAll(terminal) // it ends with an error, because the other side is closed
	if err := cmd.Wait(); err != nil || !strings.Contains(string(out), "\r\x1b[K\x1b[?7lbuilding ./...: package 3 (0s)") {
		t.Errorf("on a terminal: %v\n%q", err, out)
	}

	cmd = exec.CommandContext(t.Context(), main, "-o", os.DevNull, "./...", "./none")
	cmd.Dir = program(t)
	out, err = cmd.CombinedOutput()
	if lines := strings.Split(string(out), "\n"); err == nil || len(lines) != 4 || lines[0] != "building ./... ./none" || lines[2] != "go build: exit status 1" {
		t.Errorf("with a pipe: %v\n%s", err, out)
	}
}

func TestParser(t *testing.T) {
	var shown []string
	p := &parser{show: func(text string) { shown = append(shown, text) }, packages: map[string]bool{}}
	for _, text := range []string{"go: downloading k8s.io/api v0.37.1\nruntime\nk8s.io/", "api/core/v1\n# k8s.io/x\nx.go:1:1: y\n", "\tmore"} {
		if n, err := p.Write([]byte(text)); n != len(text) || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}
	if want := []string{"downloading k8s.io/api v0.37.1", "package 1", "package 2"}; !slices.Equal(shown, want) {
		t.Errorf("shown: %q, want %q", shown, want)
	}
	if got, want := p.rest(), "# k8s.io/x\nx.go:1:1: y\n\tmore"; got != want {
		t.Errorf("rest: %q, want %q", got, want)
	}
}
