//go:build !linux

package aggregation

import (
	"errors"
	"syscall"
)

// hear leaves it to the kernel's own, long, timeouts to end connections where it can't be asked.
func hear(syscall.RawConn) (heard, error) { return heard{}, errors.ErrUnsupported }
