package run

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/fatih/color"

	"github.com/apiserver-builder/builder/cmd/builder/internal/display"
)

// An event is something that a run reports to its user. Only one field is set.
type event struct {
	// Step is the current step.
	Step *step `json:"step,omitempty"`
	// Progress reports how far the current step is.
	Progress string `json:"progress,omitempty"`
	// Lines are printed unchanged: errors of the compiler, or the last lines of a child.
	Lines []string `json:"lines,omitempty"`
	// Screen is printed once all programs are running.
	Screen string `json:"screen,omitempty"`
	// Failure is the reason why the run ended. A run in the foreground returns an error instead.
	Failure string `json:"failure,omitempty"`
}

// A step is a part of the start.
type step struct {
	Number int    `json:"number"`
	Of     int    `json:"of"`
	Text   string `json:"text"`
}

// console prints events: the progress to stderr, the screen to stdout.
type console struct {
	stdout  io.Writer
	display *display.Display
	style   display.Style
}

func newConsole(stdout, stderr io.Writer, style display.Style) *console {
	return &console{stdout, display.New(stderr, style.Terminal), style}
}

// show prints an event.
func (c *console) show(e event) {
	switch {
	case e.Step != nil:
		number := c.style.Paint(fmt.Sprintf("[%d/%d]", e.Step.Number, e.Step.Of), color.FgCyan)
		c.display.Begin(number + " " + e.Step.Text)
	case e.Progress != "":
		c.display.Detail(e.Progress)
	case e.Lines != nil:
		c.display.Println(strings.Join(e.Lines, "\n"))
	case e.Screen != "":
		c.display.End()
		fmt.Fprint(c.stdout, e.Screen)
	case e.Failure != "":
		c.display.End()
	}
}

// log prints a line of a child's output.
func (c *console) log(name, line string) {
	c.display.Println(fmt.Sprintf("%s | %s", c.style.Paint(fmt.Sprintf("%-*s", len(controllerManager), name), color.FgCyan), line))
}

// encodeTo returns a function that writes events to w as JSON, one per line. It ignores errors, because there may be no reader any more.
func encodeTo(w io.Writer) func(event) {
	encoder := json.NewEncoder(w)
	var mu sync.Mutex // a build reports its progress in the background
	return func(e event) {
		mu.Lock()
		defer mu.Unlock()
		_ = encoder.Encode(e)
	}
}
