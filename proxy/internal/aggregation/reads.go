package aggregation

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// headerLimit is how long the header of a response may be, as for http.Transport.
const headerLimit = 10 << 20

// reads sends requests without a body over HTTP/1.1, from the goroutine that waits for the response. http.Transport has
// two more for each connection, which write and read at the same time, as a body may need; without them a GET
// takes a fifth less of this process's time.
type reads struct {
	dialer    *dialer
	address   string
	tlsConfig *tls.Config

	mu     sync.Mutex // for what follows
	idle   []*readConn
	reaper *time.Timer
	closed bool
}

// readConn is a connection of reads, used by one request at a time.
type readConn struct {
	net.Conn
	raw    net.Conn // below TLS
	limit  io.LimitedReader
	reader *bufio.Reader
	writer *bufio.Writer
	// reused is set when it has served a request: the other side may have closed it since.
	reused    bool
	idleSince time.Time
}

// isRead tells whether the request has no body, and can be sent again when a connection turns out to be closed.
func isRead(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && (r.Body == nil || r.Body == http.NoBody)
}

// RoundTrip implements http.RoundTripper, for requests that isRead is true of.
func (p *reads) RoundTrip(r *http.Request) (*http.Response, error) {
	for {
		c, err := p.conn(r.Context())
		if err != nil {
			return nil, err
		}
		// The other side is let go at once, also while this goroutine waits for a client that doesn't read.
		stop := context.AfterFunc(r.Context(), func() { c.raw.Close() })
		response, begun, err := c.exchange(r)
		if err == nil {
			// What comes after a 101 is in another protocol, even if nobody asked for one.
			keep := !response.Close && response.StatusCode != http.StatusSwitchingProtocols
			body := &readBody{ReadCloser: response.Body, reads: p, conn: c, stop: stop, keep: keep}
			if response.Body == http.NoBody {
				body.end(true)
			} else {
				response.Body = body
			}
			return response, nil
		}
		stop()
		c.Close()
		if r.Context().Err() != nil {
			return nil, r.Context().Err()
		}
		if begun || !c.reused {
			return nil, err
		}
	}
}

// exchange sends the request and reads the header of the response. begun tells whether anything came.
func (c *readConn) exchange(r *http.Request) (response *http.Response, begun bool, err error) {
	if err := r.Write(c.writer); err != nil {
		return nil, false, err
	}
	if err := c.writer.Flush(); err != nil {
		return nil, false, err
	}
	c.limit.N = headerLimit
	if _, err := c.reader.Peek(1); err != nil {
		return nil, false, err
	}
	for {
		response, err := http.ReadResponse(c.reader, r)
		if err != nil {
			return nil, true, err
		}
		if response.StatusCode >= 200 || response.StatusCode == http.StatusSwitchingProtocols {
			c.limit.N = math.MaxInt64
			return response, true, nil
		}
		if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.Got1xxResponse != nil {
			if err := trace.Got1xxResponse(response.StatusCode, map[string][]string(response.Header)); err != nil {
				return nil, true, err
			}
		}
	}
}

// conn returns the connection that was in use last, or a new one.
func (p *reads) conn(ctx context.Context) (*readConn, error) {
	if c := p.takeIdle(); c != nil {
		return c, nil
	}
	raw, err := p.dialer.dial(ctx, "tcp", p.address)
	if err != nil {
		return nil, err
	}
	conn := tls.Client(raw, p.tlsConfig)
	handshake, cancel := context.WithTimeout(ctx, tlsHandshakeTimeout)
	defer cancel()
	if err := conn.HandshakeContext(handshake); err != nil {
		raw.Close()
		return nil, err
	}
	c := &readConn{Conn: conn, raw: raw, writer: bufio.NewWriter(conn)}
	c.limit.R = conn
	c.reader = bufio.NewReader(&c.limit)
	return c, nil
}

// takeIdle returns the connection that was in use last and is as it was left, or nil.
func (p *reads) takeIdle() *readConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle) > 0 {
		last := len(p.idle) - 1
		c := p.idle[last]
		p.idle[last] = nil
		p.idle = p.idle[:last]
		if c.quiet() {
			return c
		}
		c.Close()
	}
	return nil
}

// quiet tells whether the other side has neither closed an idle connection nor said anything, which the next request
// would take for its response.
func (c *readConn) quiet() bool {
	socket, err := c.raw.(syscall.Conn).SyscallConn()
	if err != nil {
		return false
	}
	nothing := false
	err = socket.Read(func(fd uintptr) bool {
		var next [1]byte
		_, _, err := unix.Recvfrom(int(fd), next[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		nothing = err == unix.EAGAIN
		return true
	})
	return err == nil && nothing
}

// drained tells whether nothing has been read from the socket but what the responses were. TLS reads ahead, and after a
// deadline hands out what it has of that, without asking the socket for more.
func (c *readConn) drained() bool {
	if c.SetReadDeadline(time.Unix(0, 1)) != nil {
		return false
	}
	_, err := c.reader.Peek(1)
	return errors.Is(err, os.ErrDeadlineExceeded) && c.SetReadDeadline(time.Time{}) == nil
}

// keep puts a connection by for the next request.
func (p *reads) keep(c *readConn) {
	c.reused, c.idleSince = true, time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle) >= idleConnections {
		c.Close()
		return
	}
	p.idle = append(p.idle, c)
	if p.reaper == nil {
		p.reaper = time.AfterFunc(idleTimeout, p.reap)
	}
}

// reap closes what has been idle for too long; those that are used least are first.
func (p *reads) reap() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reaper = nil
	stale := 0
	for stale < len(p.idle) && time.Since(p.idle[stale].idleSince) >= idleTimeout {
		p.idle[stale].Close()
		stale++
	}
	p.idle = append(p.idle[:0:0], p.idle[stale:]...)
	if len(p.idle) > 0 {
		p.reaper = time.AfterFunc(idleTimeout-time.Since(p.idle[0].idleSince), p.reap)
	}
}

// closeIdle ends the connections that no request uses.
func (p *reads) closeIdle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.idle {
		c.Close()
	}
	p.idle = nil
}

// close ends the connections: idle ones now, others after the request.
func (p *reads) close() {
	p.mu.Lock()
	p.closed = true
	if p.reaper != nil {
		p.reaper.Stop()
	}
	p.mu.Unlock()
	p.closeIdle()
}

// readBody is a response's body, whose end is when the connection is free.
type readBody struct {
	io.ReadCloser
	reads *reads
	conn  *readConn
	stop  func() bool
	keep  bool
	ended bool
}

// Read implements io.Reader.
func (b *readBody) Read(buffer []byte) (int, error) {
	n, err := b.ReadCloser.Read(buffer)
	if err != nil {
		b.end(err == io.EOF)
	}
	return n, err
}

// Close implements io.Closer. A body that was not read to its end takes the connection with it.
func (b *readBody) Close() error {
	b.end(false)
	return nil
}

func (b *readBody) end(complete bool) {
	if b.ended {
		return
	}
	b.ended = true
	if b.stop() && complete && b.keep && b.conn.drained() {
		b.reads.keep(b.conn)
		return
	}
	b.conn.Close()
}
