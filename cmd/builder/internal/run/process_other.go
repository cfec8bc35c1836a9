//go:build unix && !linux

package run

import (
	"errors"
	"os"
	"syscall"
)

// attributes puts a child in a new process group, so that a terminal's Ctrl-C only reaches builder, which stops the children in the right
// order. If builder is killed, children end when they write to their standard error, a closed pipe.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// hasOpen reports whether a process may have a file open, because it exists.
func hasOpen(pid int, _ *os.File) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }
