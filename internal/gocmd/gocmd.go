// Package gocmd runs the go command so that it stops with its context, together with the compilers and programs that it started.
package gocmd

import (
	"context"
	"os/exec"
	"syscall"
	"time"
)

// Command returns the go command with args, which runs in dir. If env is nil, it gets the environment of this process.
func Command(ctx context.Context, dir string, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = dir, env
	// If the go command is killed, the processes that it started keep running. So it gets its own process group, which is killed as a
	// whole.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // for processes that have left the group and keep the output open
	return cmd
}
