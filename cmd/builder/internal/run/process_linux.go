package run

import "syscall"

// attributes put a child in a process group of its own, so that a terminal's Ctrl-C reaches builder alone, which then stops
// the children in the right order; and have the kernel end it when builder is killed.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
