//go:build !linux

package aggregation

import "syscall"

// giveUpUnacknowledged leaves the kernel's own, long, timeouts where there is no such option.
func giveUpUnacknowledged(_, _ string, _ syscall.RawConn) error { return nil }
