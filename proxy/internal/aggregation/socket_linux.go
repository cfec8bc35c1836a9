package aggregation

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// unacknowledged is how long the other host may leave what was sent without an acknowledgement.
const unacknowledged = 4 * time.Second

// giveUpUnacknowledged has the kernel end a connection whose other host is gone, while a request waits on it.
func giveUpUnacknowledged(_, _ string, socket syscall.RawConn) error {
	var err error
	if controlErr := socket.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(unacknowledged.Milliseconds()))
	}); controlErr != nil {
		return controlErr
	}
	return err
}
