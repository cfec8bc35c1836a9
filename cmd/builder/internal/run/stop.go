package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"
)

// stopTimeout is for all children one after the other, and some.
const stopTimeout = 3*graceTime + 10*time.Second

// Stop ends the run of the project in dir, waits until it is gone, and says so on out. It is no error when nothing runs.
func Stop(ctx context.Context, dir string, out io.Writer) error {
	pid, err := Running(dir)
	if err != nil {
		return err
	}
	if pid == 0 {
		_, err := fmt.Fprintln(out, "not running")
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stop pid %d: %w", pid, err)
	}
	if err := waitGone(ctx, dir, pid); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "stopped (pid %d)\n", pid)
	return err
}

func waitGone(ctx context.Context, dir string, pid int) error {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	for {
		now, err := Running(dir)
		if err != nil {
			return err
		}
		if now != pid {
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("pid %d was asked to stop and is still there: see .builder/logs, or end it with: kill -9 %d", pid, pid)
		}
	}
}
