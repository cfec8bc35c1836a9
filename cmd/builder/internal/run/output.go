package run

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"sync"
)

const (
	// tailLines is the number of lines of a child's output that are shown when it crashes.
	tailLines = 10
	// maxLine is the maximum length of a line, in bytes.
	maxLine = 64 << 10
)

// output writes a child's output to its log, and passes each line to a function.
type output struct {
	log  *os.File
	line func(string)

	mu      sync.Mutex
	partial []byte
	last    []string
	panics  bool // last starts with a Go panic, whose first lines are the most useful
}

// Write implements io.Writer. It never returns an error, because a full disk must not stop the child.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, _ = o.log.Write(b)
	o.partial = append(o.partial, b...)
	for {
		end := bytes.IndexByte(o.partial, '\n')
		if end < 0 {
			break
		}
		o.add(string(o.partial[:end]))
		o.partial = o.partial[end+1:]
	}
	if len(o.partial) >= maxLine {
		o.flush()
	}
	return len(b), nil
}

func (o *output) add(line string) {
	line = strings.TrimSuffix(line, "\r")
	if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
		o.last, o.panics = nil, true
	}
	if !o.panics || len(o.last) < tailLines {
		o.last = append(o.last, line)
	}
	if extra := len(o.last) - tailLines; extra > 0 {
		o.last = slices.Delete(o.last, 0, extra)
	}
	o.line(line)
}

func (o *output) flush() {
	if len(o.partial) > 0 {
		o.add(string(o.partial))
		o.partial = nil
	}
}

// close ends the output and returns its last lines.
func (o *output) close() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flush()
	_ = o.log.Close()
	return o.last
}
