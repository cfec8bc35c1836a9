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

// headerLimit is the maximum length of a response header, as in http.Transport.
const headerLimit = 10 << 20

// reads sends requests without a body over HTTP/1.1, in the goroutine that waits for the response. http.Transport has two more
// goroutines for each connection, so that it can write a body while it reads. Without them, a GET takes a fifth less time of this
// process.
type reads struct {
	dialer    *dialer
	address   string
	tlsConfig *tls.Config

	mu     sync.Mutex // guards the fields below
	idle   []*readConn
	reaper *time.Timer
	closed bool
}

// readConn is a connection of reads. One request at a time uses it.
type readConn struct {
	net.Conn
	raw    net.Conn // the connection under TLS
	limit  io.LimitedReader
	reader *bufio.Reader
	writer *bufio.Writer
	// reused is set after the first request. From then on, the server may have closed the connection.
	reused    bool
	idleSince time.Time
}

// isRead reports whether a request has no body, and can be sent again if a reused connection turns out to be closed.
func isRead(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && (r.Body == nil || r.Body == http.NoBody)
}

// RoundTrip implements http.RoundTripper, for requests for which isRead returns true.
func (p *reads) RoundTrip(r *http.Request) (*http.Response, error) {
	for {
		c, err := p.conn(r.Context())
		if err != nil {
			return nil, err
		}
		// Close the connection as soon as the request ends, even while this goroutine waits for a client that does not read.
		stop := context.AfterFunc(r.Context(), func() { c.raw.Close() })
		response, begun, err := c.exchange(r)
		if err == nil {
			// After a 101 response, the connection uses another protocol, even if the request did not ask for it.
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

// exchange sends the request and reads the header of the response. begun reports whether any data arrived.
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

// conn returns the connection that was used last, or a new one.
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

// takeIdle returns the usable connection that was used last, or nil.
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

// quiet reports whether the server has neither closed an idle connection nor sent data on it. The next request would read that data
// as its response.
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

// drained reports whether the responses were all the data on the connection. TLS reads ahead. After a deadline, it returns its
// buffered data without reading from the socket.
func (c *readConn) drained() bool {
	if c.SetReadDeadline(time.Unix(0, 1)) != nil {
		return false
	}
	_, err := c.reader.Peek(1)
	return errors.Is(err, os.ErrDeadlineExceeded) && c.SetReadDeadline(time.Time{}) == nil
}

// keep adds a connection to the idle ones.
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

// reap closes the connections that have been idle for too long. The least recently used ones come first.
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

// closeIdle closes the connections that are not in use.
func (p *reads) closeIdle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.idle {
		c.Close()
	}
	p.idle = nil
}

// close closes idle connections now, and others after their requests.
func (p *reads) close() {
	p.mu.Lock()
	p.closed = true
	if p.reaper != nil {
		p.reaper.Stop()
	}
	p.mu.Unlock()
	p.closeIdle()
}

// readBody is the body of a response. At its end, the connection becomes idle.
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

// Close implements io.Closer. It closes the connection if the body was not read to its end.
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
