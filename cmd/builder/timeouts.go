package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/apiserver-builder/builder/generators/scaffold"
)

// timeouts contains the timeouts of a command that waits for the go command, which may download and compile modules, or for another
// builder.
type timeouts struct {
	// generation is the timeout of code generation.
	generation time.Duration
	// report is the interval between reports of progress.
	report time.Duration
	// cleanup is the timeout for an interrupted generation to return. A system call on a network file system may not return at all.
	cleanup time.Duration
	// lock is the timeout for another builder's lock.
	lock time.Duration
}

// defaultTimeouts is sufficient for a slow network and a slow machine.
var defaultTimeouts = timeouts{generation: 30 * time.Minute, report: 10 * time.Second, cleanup: 10 * time.Second, lock: time.Minute}

// errInterrupted reports that a command was interrupted before it wrote files.
var errInterrupted = errors.New("interrupted: nothing was written")

// generate calls do, which generates code for the project in dir, and calls slow at intervals, with the time that it has taken. It returns an error
// after the timeout, and when ctx is done.
func (t timeouts) generate(ctx context.Context, dir string, slow func(time.Duration), do func(context.Context) error) error {
	interrupted, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() { cancel(errInterrupted) })()
	limited, stop := context.WithTimeoutCause(interrupted, t.generation, fmt.Errorf(
		"code was not generated within %s: see that \"go mod download\" succeeds in %s, and whether what go env GOPROXY prints answers", t.generation, dir))
	defer stop()

	done := make(chan error, 1)
	go func() { done <- do(limited) }()
	abandoned := make(chan struct{})
	context.AfterFunc(limited, func() { time.AfterFunc(t.cleanup, func() { close(abandoned) }) })
	tick := time.NewTicker(t.report)
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
				slow(time.Since(start).Round(t.report))
			}
		}
	}
}

// lockFolder locks the folder dir. It waits while another builder holds the lock, such as one that watches.
func (t timeouts) lockFolder(ctx context.Context, dir string, out io.Writer) (unlock func(), err error) {
	start := time.Now()
	for told := false; ; {
		unlock, err := scaffold.Lock(dir)
		if !errors.Is(err, scaffold.ErrLocked) || time.Since(start) > t.lock {
			return unlock, err
		}
		if !told && time.Since(start) > t.lock/10 {
			fmt.Fprintf(out, "Waiting for another builder process in %s ...\n", dir)
			told = true
		}
		select {
		case <-ctx.Done():
			return nil, errInterrupted
		case <-time.After(50 * time.Millisecond):
		}
	}
}
