// Package display shows what a long step does and how long it takes: in one line that is updated on a terminal, in a few lines
// elsewhere.
package display

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// How often the line of a step is printed again: updated on a terminal, as a new line elsewhere.
const terminalInterval, logInterval = time.Second, 30 * time.Second

// On a terminal, a line is replaced, and one that is too long does not wrap.
const replaceLine, noWrap, wrap = "\r\x1b[K", "\x1b[?7l", "\x1b[?7h"

// A Display prints lines, and the current step below them.
type Display struct {
	w        io.Writer
	terminal bool

	mu           sync.Mutex
	stop         chan struct{} // ends the clock of the current step
	text, detail string        // of the current step
	since        time.Time
}

// New returns a Display that prints to w, which may be a terminal.
func New(w io.Writer, terminal bool) *Display { return &Display{w: w, terminal: terminal} }

// Begin ends the current step, and begins another.
func (d *Display) Begin(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.end()
	d.text, d.detail, d.since, d.stop = text, "", time.Now(), make(chan struct{})
	interval := logInterval
	if d.terminal {
		interval = terminalInterval
		fmt.Fprint(d.w, noWrap+text+wrap)
	} else {
		fmt.Fprintln(d.w, text)
	}
	go d.clock(interval, d.stop)
}

func (d *Display) clock(interval time.Duration, stop <-chan struct{}) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			d.mu.Lock()
			select {
			case <-stop:
			default:
				d.update()
			}
			d.mu.Unlock()
		}
	}
}

// update prints the line of the current step with its details.
func (d *Display) update() {
	line := d.text
	if d.detail != "" {
		line += ": " + d.detail
	}
	line += fmt.Sprintf(" (%s)", time.Since(d.since).Truncate(time.Second))
	if d.terminal {
		fmt.Fprint(d.w, replaceLine+noWrap+line+wrap)
	} else {
		fmt.Fprintln(d.w, line)
	}
}

// Detail sets how far the current step is. A terminal shows it at once, a log the next time that the line is printed.
func (d *Display) Detail(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.detail = text
	if d.terminal && d.stop != nil {
		d.update()
	}
}

// End ends the current step, if there is one.
func (d *Display) End() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.end()
}

func (d *Display) end() {
	if d.stop == nil {
		return
	}
	close(d.stop)
	d.stop = nil
	if d.terminal {
		fmt.Fprintf(d.w, "%s%s (%.1fs)\n", replaceLine, d.text, time.Since(d.since).Seconds())
	}
}

// Println ends the current step, and prints a line.
func (d *Display) Println(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.end()
	fmt.Fprintln(d.w, line)
}
