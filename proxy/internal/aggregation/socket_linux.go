package aggregation

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// hear asks the kernel what it has heard of the other host.
func hear(socket syscall.RawConn) (heard, error) {
	var info *unix.TCPInfo
	var err error
	if controlErr := socket.Control(func(fd uintptr) {
		info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	}); controlErr != nil {
		return heard{}, controlErr
	}
	if err != nil {
		return heard{}, err
	}
	return heard{
		unacknowledged: info.Unacked > 0 && info.Last_data_sent < info.Last_ack_recv,
		probed:         info.Probes > 0,
		ago:            time.Duration(info.Last_ack_recv) * time.Millisecond,
	}, nil
}
