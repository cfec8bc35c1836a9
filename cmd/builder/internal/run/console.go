package run

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// An event is something that a run tells the person who started it. One field is set.
type event struct {
	// Step is what is being done now.
	Step *step `json:"step,omitempty"`
	// Lines are shown as they are: a compiler's errors, the last lines of a child.
	Lines []string `json:"lines,omitempty"`
	// Screen is what is shown once all runs.
	Screen string `json:"screen,omitempty"`
	// Failure is why the run ended. A run in the foreground returns it instead.
	Failure string `json:"failure,omitempty"`
}

// A step is a part of the start.
type step struct {
	Number int    `json:"number"`
	Of     int    `json:"of"`
	Text   string `json:"text"`
}

// console shows events to a person: progress on err, the screen on out.
type console struct {
	out, err io.Writer
	terminal bool

	mu      sync.Mutex
	stop    chan struct{} // ends the clock of the current step
	current string        // the current step's line
	since   time.Time
}

// show shows an event.
func (c *console) show(e event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endStep()
	switch {
	case e.Step != nil:
		c.beginStep(fmt.Sprintf("[%d/%d] %s", e.Step.Number, e.Step.Of, e.Step.Text))
	case e.Lines != nil:
		fmt.Fprintln(c.err, strings.Join(e.Lines, "\n"))
	case e.Screen != "":
		fmt.Fprint(c.out, e.Screen)
	}
}

// log shows a line of a child's output.
func (c *console) log(name, line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(c.err, "%-*s | %s\n", len(controllerManager), name, line)
}

// How often the line of a step is written again: the one line of a terminal, and one more line of a log.
const terminalClock, logClock = time.Second, 30 * time.Second

// beginStep writes the line of a step. It is written again every now and then, with the seconds that the step has taken.
func (c *console) beginStep(line string) {
	clock, before, after := logClock, "", "\n"
	if c.terminal {
		clock, before, after = terminalClock, "\r", ""
	}
	c.current, c.since, c.stop = line, time.Now(), make(chan struct{})
	fmt.Fprint(c.err, line+after)
	go func(stop <-chan struct{}) {
		tick := time.NewTicker(clock)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				c.mu.Lock()
				select {
				case <-stop:
				default:
					fmt.Fprintf(c.err, "%s%s (%ds)%s", before, c.current, int(time.Since(c.since).Seconds()), after)
				}
				c.mu.Unlock()
			}
		}
	}(c.stop)
}

func (c *console) endStep() {
	if c.stop == nil {
		return
	}
	close(c.stop)
	c.stop = nil
	if !c.terminal {
		return
	}
	fmt.Fprintf(c.err, "\r%s (%.1fs)\n", c.current, time.Since(c.since).Seconds())
}

// encodeTo returns a function that writes events to w, one JSON object a line. Nobody may be reading any more.
func encodeTo(w io.Writer) func(event) {
	encoder := json.NewEncoder(w)
	return func(e event) { _ = encoder.Encode(e) }
}
