package gocmd_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/apiserver-builder/builder/internal/gocmd"
)

// TestCommandEndsWithWhatItStarted interrupts "go run" of a program that never exits.
func TestCommandEndsWithWhatItStarted(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"go.mod":  "module example.com/forever\n\ngo 1.26\n",
		"main.go": "package main\n\nimport \"os\"\n\nfunc main() {\n\tos.Stdout.WriteString(\"up\\n\")\n\tfor {\n\t}\n}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cmd := gocmd.Command(ctx, dir, append(os.Environ(), "GOWORK=off", "GOFLAGS="), "run", ".")
	output, program, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	cmd.Stdout = program
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	program.Close() // the program and the go command hold it open now
	reader := bufio.NewReader(output)
	if line, err := reader.ReadString('\n'); line != "up\n" {
		t.Fatalf("the program says %q, %v", line, err)
	}
	cancel()
	if err := cmd.Wait(); err == nil {
		t.Error("the go command was not interrupted")
	}
	if err := output.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.ReadByte(); err != io.EOF {
		t.Errorf("the program goes on: %v", err)
	}
}
