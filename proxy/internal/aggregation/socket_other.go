//go:build !linux

package aggregation

import (
	"errors"
	"syscall"
)

// readTCPState returns an error. Only the kernel's own, long timeouts end connections.
func readTCPState(syscall.RawConn) (tcpState, error) { return tcpState{}, errors.ErrUnsupported }
