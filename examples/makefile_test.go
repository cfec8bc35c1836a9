package examples

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMakefileShowsProgress compiles a module with 60 packages, which are not in the build cache, with the Makefile of an example.
func TestMakefileShowsProgress(t *testing.T) {
	makefile, err := os.ReadFile("fruit/Makefile")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := map[string]string{"Makefile": string(makefile), "go.mod": "module example.com/many\n\ngo 1.26\n", "PROJECT": ""}
	for i := range 60 {
		files[fmt.Sprintf("p%d/p.go", i)] = fmt.Sprintf("package p%d\n\nconst X = %d\n", i, time.Now().UnixNano())
	}
	for name, content := range files {
		name = filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(content), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	compile := func() string {
		cmd := exec.CommandContext(t.Context(), "make", "compile")
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=", "MAKELEVEL=0", "MAKEFLAGS=")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	if out := compile(); !strings.HasPrefix(out, "compiled 50 of 60 packages\n") {
		t.Errorf("the first time: %q", out)
	}
	if out := compile(); strings.Contains(out, "compiled") {
		t.Errorf("the second time: %q", out)
	}
}
