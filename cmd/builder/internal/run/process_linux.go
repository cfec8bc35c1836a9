package run

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// attributes puts a child in a new process group, so that a terminal's Ctrl-C only reaches builder, which stops the children in the right
// order. The kernel kills the child when builder is killed.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// hasOpen reports whether a process has a file open, or may have it open because its files cannot be listed.
func hasOpen(pid int, file *os.File) bool {
	own, err := file.Stat()
	if err != nil {
		return true
	}
	folder := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	entries, err := os.ReadDir(folder)
	if err != nil {
		_, procErr := os.Stat("/proc/self/fd")
		return procErr != nil || !os.IsNotExist(err)
	}
	for _, entry := range entries {
		if info, err := os.Stat(filepath.Join(folder, entry.Name())); err == nil && os.SameFile(info, own) {
			return true
		}
	}
	return false
}
