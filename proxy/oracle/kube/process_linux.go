package kube

import "syscall"

// endWithParent makes the kernel kill a child when its parent ends.
func endWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
