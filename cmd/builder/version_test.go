package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestVersions runs several versions of builder on one project. PROJECT records the newest one, an older one is refused, and a development
// build changes nothing. The Makefile installs the recorded version.
func TestVersions(t *testing.T) {
	dir := folder(t)
	for _, test := range []struct{ version, line, recorded, err string }{
		{"", "init --domain example.com --module example.com/shop", "", ""},
		{"v0.3.0", "create group fruit", "v0.3.0", ""},
		{"v0.10.0-rc.1", "create group veg", "v0.10.0-rc.1", ""},
		{"", "create group bread", "v0.10.0-rc.1", ""},
		{"v0.3.0", "create group cheese", "v0.10.0-rc.1",
			"builder: builder v0.10.0-rc.1 generated the project, and this is builder v0.3.0: run \"make builder\" to install v0.10.0-rc.1\n"},
		{"v0.0.0-20261127103835-15f0600a1b2c", "create group cheese", "v0.10.0-rc.1",
			"builder: builder v0.10.0-rc.1 generated the project, and this is builder v0.0.0-20261127103835-15f0600a1b2c: run \"make builder\" to install v0.10.0-rc.1\n"},
		{"v0.10.0", "create group cheese", "v0.10.0", ""},
	} {
		var stderr bytes.Buffer
		a := &app{stdout: io.Discard, stderr: &stderr, getwd: func() (string, error) { return dir, nil }, timeouts: defaultTimeouts, version: test.version}
		code := a.execute(t.Context(), append(strings.Fields(test.line), "--generate=false"))
		if wantCode := min(len(test.err), 1); code != wantCode || code != 0 && stderr.String() != test.err {
			t.Fatalf("builder %s %s: exit code %d\n%s", test.version, test.line, code, &stderr)
		}
		content, err := os.ReadFile(filepath.Join(dir, "PROJECT"))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(content), "builder: "+test.recorded+"\n"); got != (test.recorded != "") {
			t.Errorf("after builder %q, want %q in\n%s", test.version, test.recorded, content)
		}
		want := "latest"
		if test.recorded != "" {
			want = test.recorded
		}
		cmd := exec.Command("make", "--dry-run", "builder")
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "MAKELEVEL=0", "MAKEFLAGS=") // make test may run this test
		output, err := cmd.CombinedOutput()
		if want := "go install github.com/apiserver-builder/builder/cmd/...@" + want + "\n"; err != nil || string(output) != want {
			t.Errorf("make builder: %v, runs\n%swant\n%s", err, output, want)
		}
	}
}
