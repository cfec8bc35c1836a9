//go:build unix && !linux

package run

import (
	"errors"
	"os"
	"syscall"
)

// attributes put a child in a process group of its own, so that a terminal's Ctrl-C reaches builder alone, which then stops
// the children in the right order. Nothing here ends a child when builder is killed, but writing to the closed pipe that is
// its standard error does.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// has reports whether a process may have a file open: whether there is such a process.
func has(pid int, _ *os.File) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }
