package run

import (
	"bytes"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// backlogSize is how many writes a backlog keeps.
const backlogSize = 4096

// A backlog writes in the background, so that a terminal that is paused or a pipe that nobody reads keeps neither the children nor the
// end of a run waiting. What does not fit in is dropped, and counted.
type backlog struct {
	chunks  chan chunk
	dropped atomic.Int64
	done    chan struct{}
}

// A chunk is what is to be written to w. One without w is the last.
type chunk struct {
	w    io.Writer
	text []byte
}

func newBacklog() *backlog {
	b := &backlog{chunks: make(chan chunk, backlogSize), done: make(chan struct{})}
	go func() {
		defer close(b.done)
		for c := range b.chunks {
			if c.w == nil {
				return
			}
			_, _ = c.w.Write(c.text) // nobody may be there to be told
			if dropped := b.dropped.Swap(0); dropped > 0 {
				fmt.Fprintf(c.w, "(%d more lines were not shown: see %s/logs)\n", dropped, stateDir)
			}
		}
	}()
	return b
}

// to returns a writer to w that never waits and never fails.
func (b *backlog) to(w io.Writer) io.Writer { return backlogWriter{b, w} }

type backlogWriter struct {
	*backlog
	w io.Writer
}

// Write implements io.Writer.
func (b backlogWriter) Write(text []byte) (int, error) {
	select {
	case b.chunks <- chunk{b.w, bytes.Clone(text)}:
	default:
		b.dropped.Add(1)
	}
	return len(text), nil
}

// close waits until everything is written, but no longer than the time given. What is written after it is not shown.
func (b *backlog) close(timeout time.Duration) {
	over := time.After(timeout)
	select {
	case b.chunks <- chunk{}:
	case <-over:
		return
	}
	select {
	case <-b.done:
	case <-over:
	}
}
