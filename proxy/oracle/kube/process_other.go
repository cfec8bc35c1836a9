//go:build !linux

package kube

import "syscall"

// endWithParent changes nothing. On other systems, children end with the test unless that is killed.
func endWithParent() *syscall.SysProcAttr { return nil }
