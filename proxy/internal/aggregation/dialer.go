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
	// A host that is gone must not hold requests longer than others take to notice.
	dialTimeout = 3 * time.Second
	// While there is nothing to send, the kernel probes the other host: it is gone after four seconds of silence.
	keepAliveAfter, keepAliveInterval, keepAliveProbes = 2 * time.Second, time.Second, 2
	// How long the other host may leave what was sent to it without an acknowledgement, and how often that is checked.
	unansweredLimit, unansweredPoll = 3500 * time.Millisecond, 500 * time.Millisecond
)

// dialer opens connections, and ends them when the other host is gone. It judges by acknowledgements, which the host's
// kernel sends for a process that reads slowly or is stopped, too. The kernel has such a limit, TCP_USER_TIMEOUT, but counts the
// time in which the other process doesn't read. The zero value is ready to use.
type dialer struct {
	mu      sync.Mutex // for what follows, and for conn's fields
	conns   map[*conn]struct{}
	polling bool
}

// conn is a dialer's connection.
type conn struct {
	*net.TCPConn
	socket syscall.RawConn
	gone   atomic.Bool // the other host, when the dialer has closed the connection
	// unansweredSince is when the dialer first saw that an acknowledgement is due; zero when none is.
	unansweredSince time.Time
	asking          bool // the other host, whether it is there
}

// heard is what the kernel knows of the other host.
type heard struct {
	// unacknowledged is set when something was sent since the last acknowledgement came.
	unacknowledged bool
	// probed is set when the kernel has asked for an acknowledgement, and sent nothing that could get lost: the other
	// process doesn't read, or nothing was there to send.
	probed bool
	// ago is how long ago the last acknowledgement came.
	ago time.Duration
}

// dialError is a failure to connect: nothing was sent.
type dialError struct{ error }

func (e dialError) Unwrap() error { return e.error }

// neverSent tells whether an error means that nothing of the request can have been sent.
func neverSent(err error) bool {
	return errors.As(err, &dialError{})
}

// connect opens a connection without watching the other host, but for the kernel's keepalives.
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

// dial opens a connection. It is an http.Transport's DialContext.
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

// poll looks at all connections, again and again while there are any.
func (d *dialer) poll() {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	for c := range d.conns {
		h, err := hear(c.socket)
		if err != nil { // it was closed, or the kernel doesn't tell
			delete(d.conns, c)
			continue
		}
		d.judge(c, h, now)
	}
	if d.polling = len(d.conns) > 0; d.polling {
		time.AfterFunc(unansweredPoll, d.poll)
	}
}

// judge ends a connection on which an acknowledgement has been due for too long. The kernel probes a process that doesn't read
// less and less often, and one probe may get lost: so the host is asked in another way whether it is there.
func (d *dialer) judge(c *conn, h heard, now time.Time) {
	if !h.unacknowledged && !h.probed {
		c.unansweredSince = time.Time{}
		return
	}
	if c.unansweredSince.IsZero() || now.Add(-h.ago).After(c.unansweredSince) {
		c.unansweredSince = now
		return
	}
	if c.asking || now.Sub(c.unansweredSince) < unansweredLimit {
		return
	}
	if h.unacknowledged {
		d.end(c)
		return
	}
	c.asking = true
	go d.ask(c, c.unansweredSince)
}

// ask ends the connection if nobody answers at its address, and nothing has been heard meanwhile.
func (d *dialer) ask(c *conn, since time.Time) {
	another, err := connect(context.Background(), "tcp", c.RemoteAddr().String())
	if err == nil {
		another.Close()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	c.asking = false
	if !c.unansweredSince.Equal(since) {
		return
	}
	if err == nil || errors.Is(err, syscall.ECONNREFUSED) {
		c.unansweredSince = time.Time{}
		return
	}
	d.end(c)
}

// end closes a connection without trying to send what is left.
func (d *dialer) end(c *conn) {
	delete(d.conns, c)
	c.gone.Store(true)
	_ = c.SetLinger(0) // it may have been closed meanwhile
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

// explain says of a connection that the dialer has closed what the kernel would say.
func (c *conn) explain(operation string, err error) error {
	if err == nil || !c.gone.Load() {
		return err
	}
	return &net.OpError{
		Op: operation, Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(),
		Err: os.NewSyscallError(operation, syscall.ETIMEDOUT),
	}
}
