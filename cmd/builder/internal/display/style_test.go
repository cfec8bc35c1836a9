package display_test

import (
	"bytes"
	"io"
	"os"
	"testing"

	"github.com/creack/pty"
	"github.com/fatih/color"

	"github.com/apiserver-builder/builder/cmd/builder/internal/display"
)

func TestStyleOf(t *testing.T) {
	control, terminal, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer control.Close()
	defer terminal.Close()
	reader, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	defer pipe.Close()
	for _, c := range []struct {
		name string
		w    io.Writer
		env  map[string]string
		want display.Style
	}{
		{"terminal", terminal, map[string]string{"TERM": "xterm-256color"}, display.Style{Terminal: true, Color: true}},
		{"NO_COLOR", terminal, map[string]string{"TERM": "xterm", "NO_COLOR": "1"}, display.Style{Terminal: true}},
		{"dumb terminal", terminal, map[string]string{"TERM": "dumb"}, display.Style{}},
		{"pipe", pipe, map[string]string{"TERM": "xterm"}, display.Style{}},
		{"buffer", &bytes.Buffer{}, nil, display.Style{}},
	} {
		if got := display.StyleOf(c.w, func(name string) string { return c.env[name] }); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestPaint(t *testing.T) {
	if got := (display.Style{Color: true}).Paint("created", color.FgGreen); got != "\x1b[32mcreated\x1b[0m" {
		t.Errorf("with color: %q", got)
	}
	if got := (display.Style{Terminal: true}).Paint("created", color.FgGreen); got != "created" {
		t.Errorf("without color: %q", got)
	}
}
