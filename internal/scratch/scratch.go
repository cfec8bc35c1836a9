// Package scratch creates temporary folders, and removes those of killed processes.
package scratch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/apiserver-builder/builder/internal/lock"
)

// pattern matches the folders. No other program uses such names.
const pattern = "apiserver-builder-*"

// Dir creates a temporary folder. It is locked until remove is called, so that Sweep does not remove it.
func Dir() (dir string, remove func(), err error) {
	for {
		dir, err = os.MkdirTemp("", pattern)
		if err != nil {
			return "", nil, fmt.Errorf("create a temporary folder: %w", err)
		}
		unlock, err := lock.Try(dir)
		if err == nil {
			if _, err = os.Lstat(dir); err == nil {
				return dir, func() { os.RemoveAll(dir); unlock() }, nil
			}
			unlock()
		}
		// Another process may have removed the folder before it was locked.
		if !errors.Is(err, lock.ErrHeld) && !errors.Is(err, fs.ErrNotExist) {
			os.RemoveAll(dir)
			return "", nil, fmt.Errorf("lock a temporary folder: %w", err)
		}
	}
}

// Sweep removes the temporary folders of this user's processes that were killed. It skips those that it cannot remove.
func Sweep() {
	names, err := filepath.Glob(filepath.Join(os.TempDir(), pattern))
	if err != nil {
		return
	}
	for _, name := range names {
		info, err := os.Lstat(name)
		if err != nil || !info.IsDir() {
			continue
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); !ok || int(stat.Uid) != os.Geteuid() {
			continue
		}
		if unlock, err := lock.Try(name); err == nil { // otherwise, its process is running
			os.RemoveAll(name)
			unlock()
		}
	}
}
