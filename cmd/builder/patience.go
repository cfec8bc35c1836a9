package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// patience is how long a command waits for the go command, which may have to download modules and to compile them.
type patience struct {
	// limit is when it gives up.
	limit time.Duration
	// news is how often it says that it goes on.
	news time.Duration
	// cleanup is how long it waits for the end of what it has interrupted: a network file system that does not answer is waited for by
	// the kernel.
	cleanup time.Duration
}

// defaultPatience is for a slow network and a slow machine.
var defaultPatience = patience{limit: 30 * time.Minute, news: 10 * time.Second, cleanup: 10 * time.Second}

// errInterrupted is the error of a command that was interrupted before it wrote anything.
var errInterrupted = errors.New("interrupted: nothing was written")

// wait calls do, which generates code for the project in dir, and says on out every now and then that it goes on. It gives up when the
// time is over and when ctx is done.
func (p patience) wait(ctx context.Context, dir string, out io.Writer, do func(context.Context) error) error {
	interrupted, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() { cancel(errInterrupted) })()
	limited, stop := context.WithTimeoutCause(interrupted, p.limit, fmt.Errorf(
		"code was not generated within %s: see that \"go mod download\" succeeds in %s, and whether what go env GOPROXY prints answers", p.limit, dir))
	defer stop()

	done := make(chan error, 1)
	go func() { done <- do(limited) }()
	abandoned := make(chan struct{})
	context.AfterFunc(limited, func() { time.AfterFunc(p.cleanup, func() { close(abandoned) }) })
	tick := time.NewTicker(p.news)
	defer tick.Stop()
	for start := time.Now(); ; {
		select {
		case err := <-done:
			if limited.Err() != nil {
				return context.Cause(limited)
			}
			return err
		case <-abandoned:
			return context.Cause(limited)
		case <-tick.C:
			if limited.Err() == nil {
				fmt.Fprintf(out, "Still generating code after %s: the go command may be downloading modules ...\n", time.Since(start).Round(p.news))
			}
		}
	}
}
