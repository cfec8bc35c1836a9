package proxytest

import (
	"net"
	"sync"
)

// listener tracks the connections that it accepted, including upgraded ones, and can freeze them.
type listener struct {
	net.Listener
	lock  sync.Mutex
	conns map[*conn]bool
	count int
	ended bool
	thawn chan struct{} // nil, or closed when frozen connections continue
}

func newListener(l net.Listener) *listener {
	return &listener{Listener: l, conns: map[*conn]bool{}}
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: accepted, listener: l, closed: make(chan struct{})}
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.ended {
		_ = accepted.Close() // it was accepted while the listener ended
		return nil, net.ErrClosed
	}
	l.conns[c] = true
	l.count++
	return c, nil
}

func (l *listener) open() int {
	l.lock.Lock()
	defer l.lock.Unlock()
	return len(l.conns)
}

func (l *listener) accepted() int {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.count
}

// end closes all connections, including those that are being accepted.
func (l *listener) end() {
	l.lock.Lock()
	l.ended = true
	l.lock.Unlock()
	l.closeAll()
}

func (l *listener) closeAll() {
	l.lock.Lock()
	var conns []*conn
	for c := range l.conns {
		conns = append(conns, c)
	}
	l.lock.Unlock()
	for _, c := range conns {
		_ = c.Close() // it may be closed already
	}
}

func (l *listener) freeze(freeze bool) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if freeze && l.thawn == nil {
		l.thawn = make(chan struct{})
	}
	if !freeze && l.thawn != nil {
		close(l.thawn)
		l.thawn = nil
	}
}

// conn is a connection of a listener.
type conn struct {
	net.Conn
	listener *listener
	once     sync.Once
	closed   chan struct{}
}

// wait waits until the listener is not frozen or the connection is closed.
func (c *conn) wait() {
	c.listener.lock.Lock()
	thawn := c.listener.thawn
	c.listener.lock.Unlock()
	if thawn != nil {
		select {
		case <-thawn:
		case <-c.closed:
		}
	}
}

// Read implements net.Conn. Data that arrives while the listener is frozen waits.
func (c *conn) Read(p []byte) (int, error) {
	c.wait()
	n, err := c.Conn.Read(p)
	c.wait()
	return n, err
}

// Write implements net.Conn.
func (c *conn) Write(p []byte) (int, error) {
	c.wait()
	return c.Conn.Write(p)
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.once.Do(func() {
		c.listener.lock.Lock()
		defer c.listener.lock.Unlock()
		delete(c.listener.conns, c)
		close(c.closed)
	})
	return c.Conn.Close()
}
