package run

import (
	"bytes"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// backlogSize is the number of writes that a backlog keeps.
const backlogSize = 4096

// A backlog writes in the background, so that a paused terminal, or a pipe without a reader, blocks neither the children nor the end of a
// run. It drops and counts writes that do not fit.
type backlog struct {
	chunks  chan chunk
	dropped atomic.Int64
	done    chan struct{}
}

// A chunk is text to write to w. The last chunk has no w.
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
			_, _ = c.w.Write(c.text) // there may be no one to report an error to
			if dropped := b.dropped.Swap(0); dropped > 0 {
				fmt.Fprintf(c.w, "(%d more lines were not shown: see %s/logs)\n", dropped, stateDir)
			}
		}
	}()
	return b
}

// to returns a writer to w that never blocks and never fails.
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

// close waits until everything is written, but at most for the timeout. Later writes are dropped.
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
