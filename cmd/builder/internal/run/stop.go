package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"syscall"
	"time"
)

// stopTimeout is sufficient for stopping all children one after the other.
const stopTimeout = 3*(graceTime+killTime) + 10*time.Second

// Stop stops the run of the project in dir, waits until it has exited, and reports it on out. It does not return an error if the project is
// not running.
func Stop(ctx context.Context, dir string, out io.Writer) error {
	return stop(ctx, dir, out, stopTimeout)
}

func stop(ctx context.Context, dir string, out io.Writer, timeout time.Duration) error {
	pid, err := Running(ctx, dir)
	if err != nil {
		return err
	}
	if pid == 0 {
		_, err := fmt.Fprintln(out, "not running")
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); errors.Is(err, syscall.EPERM) {
		return fmt.Errorf("this project is run by another user (pid %d): run \"builder stop\" as that user", pid)
	} else if err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stop pid %d: %w", pid, err)
	}
	if err := waitGone(ctx, dir, pid, timeout); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "stopped (pid %d)\n", pid)
	return err
}

func waitGone(ctx context.Context, dir string, pid int, timeout time.Duration) error {
	deadline, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for {
		now, err := Running(deadline, dir)
		if err == nil && now != pid {
			return nil
		}
		if err == nil {
			err = sleep(deadline, 50*time.Millisecond)
		}
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("interrupted: pid %d is still stopping", pid)
		case deadline.Err() != nil:
			return fmt.Errorf("pid %d did not stop within %s: see %s, or end it with: kill -9 %d",
				pid, timeout, filepath.Join(dir, stateDir, "logs"), pid)
		case err != nil:
			return err
		}
	}
}
