// Package lock locks folders, against other processes and within this one.
package lock

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// ErrHeld reports that a folder is already locked.
var ErrHeld = errors.New("locked by another process")

// Try locks a folder without waiting. If unlock is not called, the lock ends with the process.
func Try(dir string) (unlock func(), err error) {
	folder, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		folder.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = ErrHeld
		}
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return func() { folder.Close() }, nil
}
