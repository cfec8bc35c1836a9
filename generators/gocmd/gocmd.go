// Package gocmd runs the go command so that it ends with its context, together with the compilers and programs that it has started.
package gocmd

import (
	"context"
	"os/exec"
	"syscall"
	"time"
)

// Command returns the go command with args, to be run in the folder dir. A nil env is this process's environment.
func Command(ctx context.Context, dir string, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = dir, env
	// The go command does not end what it has started when it is killed, so all of it is a process group of its own.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // for whatever has left the group and holds on to the output
	return cmd
}
