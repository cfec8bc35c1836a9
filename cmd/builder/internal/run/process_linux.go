package run

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// attributes put a child in a process group of its own, so that a terminal's Ctrl-C reaches builder alone, which then stops
// the children in the right order; and have the kernel end it when builder is killed.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// has reports whether a process has a file open. One that can't be looked into may have it.
func has(pid int, file *os.File) bool {
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
