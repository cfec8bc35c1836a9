//go:build unix && !linux

package run

import "syscall"

// attributes put a child in a process group of its own, so that a terminal's Ctrl-C reaches builder alone, which then stops
// the children in the right order. Nothing here ends a child when builder is killed, but writing to the closed pipe that is
// its standard error does.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
