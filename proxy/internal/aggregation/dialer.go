package aggregation

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// dialTimeout is short because a lost host must not delay requests after the connections to it have been closed.
	dialTimeout = 3 * time.Second
	// The kernel probes idle connections. A host is lost after four seconds of silence.
	keepAliveAfter, keepAliveInterval, keepAliveProbes = 2 * time.Second, time.Second, 2
	// A host is lost if it does not acknowledge data for unansweredLimit. The dialer checks this at every unansweredPoll.
	unansweredLimit, unansweredPoll = 3500 * time.Millisecond, 500 * time.Millisecond
)

// dialer opens connections, and closes them when the other host is lost. It relies on acknowledgements, which the kernel of the
// other host also sends for a process that reads slowly or is stopped. The kernel's own limit, TCP_USER_TIMEOUT, includes the time
// in which the other process does not read. The zero value is ready to use.
type dialer struct {
	mu      sync.Mutex // guards the fields below, and the fields of conn
	conns   map[*conn]struct{}
	polling bool
}

// conn is a connection that a dialer opened.
type conn struct {
	*net.TCPConn
	socket  syscall.RawConn
	aborted atomic.Bool // set when the dialer has closed the connection
	// unansweredSince is the time when the dialer first saw missing acknowledgements, or zero if none are missing.
	unansweredSince time.Time
	checking        bool // set while checkHost runs
}

// tcpState is the kernel's state of a connection.
type tcpState struct {
	// unacknowledged is set if data was sent after the last acknowledgement arrived.
	unacknowledged bool
	// probed is set if the kernel sent a probe, which contains no data: either the other process does not read, or there was nothing
	// to send.
	probed bool
	// lastAck is the time since the last acknowledgement.
	lastAck time.Duration
}

// dialError is an error before any data was sent.
type dialError struct{ error }

func (e dialError) Unwrap() error { return e.error }

// neverSent reports whether an error means that no part of the request was sent.
func neverSent(err error) bool {
	return errors.As(err, &dialError{})
}

// connect opens a connection. Only the kernel's keepalives detect that the other host is lost.
func connect(ctx context.Context, network, address string) (*net.TCPConn, error) {
	dialer := net.Dialer{
		Timeout:         dialTimeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: keepAliveAfter, Interval: keepAliveInterval, Count: keepAliveProbes},
	}
	opened, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, dialError{err}
	}
	return opened.(*net.TCPConn), nil
}

// dial opens a connection that the dialer monitors. It is the DialContext of an http.Transport.
func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	opened, err := connect(ctx, network, address)
	if err != nil {
		return nil, err
	}
	socket, err := opened.SyscallConn()
	if err != nil {
		opened.Close()
		return nil, dialError{err}
	}
	c := &conn{TCPConn: opened, socket: socket}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.conns == nil {
		d.conns = map[*conn]struct{}{}
	}
	d.conns[c] = struct{}{}
	if !d.polling {
		d.polling = true
		time.AfterFunc(unansweredPoll, d.poll)
	}
	return c, nil
}

// poll checks all connections, and schedules the next check if there are any.
func (d *dialer) poll() {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	for c := range d.conns {
		h, err := readTCPState(c.socket)
		if err != nil { // it was closed, or the kernel does not report its state
			delete(d.conns, c)
			continue
		}
		d.check(c, h, now)
	}
	if d.polling = len(d.conns) > 0; d.polling {
		time.AfterFunc(unansweredPoll, d.poll)
	}
}

// check closes a connection whose acknowledgements have been missing for too long. If the other process does not read, the kernel
// sends probes less and less often, and one probe can be lost, so the dialer also opens another connection to the host.
func (d *dialer) check(c *conn, h tcpState, now time.Time) {
	if !h.unacknowledged && !h.probed {
		c.unansweredSince = time.Time{}
		return
	}
	if c.unansweredSince.IsZero() || now.Add(-h.lastAck).After(c.unansweredSince) {
		c.unansweredSince = now
		return
	}
	if c.checking || now.Sub(c.unansweredSince) < unansweredLimit {
		return
	}
	if h.unacknowledged {
		d.abort(c)
		return
	}
	c.checking = true
	go d.checkHost(c, c.unansweredSince)
}

// checkHost closes the connection if no process accepts or refuses connections at its address, and nothing has arrived meanwhile.
func (d *dialer) checkHost(c *conn, since time.Time) {
	another, err := connect(context.Background(), "tcp", c.RemoteAddr().String())
	if err == nil {
		another.Close()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	c.checking = false
	if !c.unansweredSince.Equal(since) {
		return
	}
	if err == nil || errors.Is(err, syscall.ECONNREFUSED) {
		c.unansweredSince = time.Time{}
		return
	}
	d.abort(c)
}

// abort closes a connection without sending the remaining data.
func (d *dialer) abort(c *conn) {
	delete(d.conns, c)
	c.aborted.Store(true)
	_ = c.SetLinger(0) // it may already be closed
	_ = c.Close()
}

// Read implements net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	return n, c.explain("read", err)
}

// Write implements net.Conn.
func (c *conn) Write(p []byte) (int, error) {
	n, err := c.TCPConn.Write(p)
	return n, c.explain("write", err)
}

// explain replaces the error of a connection that the dialer has closed with the kernel's error for a lost host.
func (c *conn) explain(operation string, err error) error {
	if err == nil || !c.aborted.Load() {
		return err
	}
	return &net.OpError{
		Op: operation, Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(),
		Err: os.NewSyscallError(operation, syscall.ETIMEDOUT),
	}
}
