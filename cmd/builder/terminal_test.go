package main

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/creack/pty"
)

// onTerminal runs builder on a terminal, and returns what it prints there.
func onTerminal(t *testing.T, dir string, env []string, args ...string) string {
	t.Helper()
	cmd := exec.Command("builder", args...)
	cmd.Dir, cmd.Env = dir, append(append(os.Environ(), "TERM=xterm"), env...)
	terminal, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	out, _ := io.ReadAll(terminal) // it ends with an error, because the other side is closed
	_ = cmd.Wait()
	return strings.ReplaceAll(string(out), "\r\n", "\n")
}

// TestTerminal runs commands on a terminal: they show the time, and colors unless NO_COLOR is set. JSON stays as it is.
func TestTerminal(t *testing.T) {
	dir := folder(t)
	must(t, dir, declaration[0])
	addPear := strings.Fields(addPear)
	if out := onTerminal(t, dir, nil, append(addPear, "--dry-run")...); !strings.Contains(out, "\x1b[32mcreated  \x1b[0m  ") || !strings.Contains(out, "\nunchanged  ") {
		t.Errorf("with colors:\n%q", out)
	}
	if out := onTerminal(t, dir, []string{"NO_COLOR=1"}, append(addPear, "--dry-run")...); strings.Contains(out, "\x1b") || !strings.Contains(out, "\ncreated    ") {
		t.Errorf("without colors:\n%q", out)
	}
	if out := onTerminal(t, dir, nil, append(addPear, "--dry-run", "-o", "json")...); !json.Valid([]byte(out)) {
		t.Errorf("JSON:\n%s", out)
	}
	if out := onTerminal(t, dir, nil, "generate"); !regexp.MustCompile(`^\x1b\[\?7lGenerating code \.\.\.\x1b\[\?7h(.*)\r\x1b\[KGenerating code \.\.\. \(\d+\.\ds\)\n`).MatchString(out) {
		t.Errorf("generate:\n%q", out)
	}
	if out := onTerminal(t, dir, nil, "create", "pear"); !strings.HasPrefix(out, "\x1b[31mbuilder:\x1b[0m unknown command") {
		t.Errorf("an error:\n%q", out)
	}
}
