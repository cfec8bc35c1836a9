package aggregation

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// readTCPState asks the kernel for the state of a connection.
func readTCPState(socket syscall.RawConn) (tcpState, error) {
	var info *unix.TCPInfo
	var err error
	if controlErr := socket.Control(func(fd uintptr) {
		info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	}); controlErr != nil {
		return tcpState{}, controlErr
	}
	if err != nil {
		return tcpState{}, err
	}
	return tcpState{
		unacknowledged: info.Unacked > 0 && info.Last_data_sent < info.Last_ack_recv,
		probed:         info.Probes > 0,
		lastAck:        time.Duration(info.Last_ack_recv) * time.Millisecond,
	}, nil
}
