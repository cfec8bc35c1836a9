package aggregation

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// What client-go's transports have, which kube-aggregator uses.
	tlsHandshakeTimeout = 10 * time.Second
	idleTimeout         = 90 * time.Second
	// How long an HTTP/2 connection may be silent until the other process is asked for a sign of life, and how long that may
	// take. It may be stopped for a while; a host that is gone is noticed sooner, by the dialer.
	pingAfter, pingTimeout = 30 * time.Second, 15 * time.Second
	// A quarter of the requests that kube-apiserver lets in at once.
	idleConnections = 100
	// How often an endpoint that is down is tried again.
	downPoll = 250 * time.Millisecond
)

// endpoint is one address that an extension-apiserver listens at, and the connections to it.
type endpoint struct {
	address string
	dialer  dialer
	// short and reads are for requests that soon end: HTTP/1.1, one at a time on each of several connections, which
	// takes the least work. long is for watches: HTTP/2, many on one connection, which takes the least memory.
	short, long *http.Transport
	reads       *reads // nil when a proxy is to be used
	// http2Only is set when the other side refuses HTTP/1.1.
	http2Only atomic.Bool
	// down is set while nothing listens at the address.
	down     atomic.Bool
	checking atomic.Bool
	closed   context.Context
	cancel   context.CancelFunc
}

func newEndpoint(address string, tlsConfig *tls.Config) *endpoint {
	e := &endpoint{address: address}
	e.closed, e.cancel = context.WithCancel(context.Background())
	e.short, e.long = e.newTransport(tlsConfig), e.newTransport(tlsConfig)
	e.short.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	e.short.TLSClientConfig.NextProtos = []string{"http/1.1"}
	target := &http.Request{URL: &url.URL{Scheme: "https", Host: address}}
	if proxy, err := http.ProxyFromEnvironment(target); err == nil && proxy == nil {
		e.reads = &reads{dialer: &e.dialer, address: address, tlsConfig: e.short.TLSClientConfig}
	}
	e.long.ForceAttemptHTTP2 = true
	e.long.HTTP2 = &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout}
	return e
}

func (e *endpoint) newTransport(tlsConfig *tls.Config) *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         e.dialer.dial,
		TLSClientConfig:     tlsConfig.Clone(),
		TLSHandshakeTimeout: tlsHandshakeTimeout,
		IdleConnTimeout:     idleTimeout,
		MaxIdleConnsPerHost: idleConnections,
		// Whether to compress is between the client and the extension-apiserver.
		DisableCompression: true,
	}
}

// roundTrip sends the request to this endpoint.
func (e *endpoint) roundTrip(r *http.Request, longRunning bool) (*http.Response, error) {
	if longRunning || e.http2Only.Load() {
		return e.long.RoundTrip(r)
	}
	var short http.RoundTripper = e.short
	if e.reads != nil && isRead(r) {
		short = e.reads
	}
	response, err := short.RoundTrip(r)
	if err != nil && strings.HasSuffix(err.Error(), "tls: no application protocol") {
		e.http2Only.Store(true)
		return e.long.RoundTrip(r)
	}
	return response, err
}

// setDown keeps requests away from the address until something listens there.
func (e *endpoint) setDown() {
	if !e.down.Swap(true) {
		// Connections to a host that is gone look idle for a while.
		e.closeIdle()
	}
	e.suspect()
}

// suspect finds out in the background whether the endpoint is down, and waits until it is up.
func (e *endpoint) suspect() {
	if e.closed.Err() != nil || e.checking.Swap(true) {
		return
	}
	go func() {
		defer e.checking.Store(false)
		for !e.reachable() {
			e.down.Store(true)
			select {
			case <-e.closed.Done():
				return
			case <-time.After(downPoll):
			}
		}
		e.down.Store(false)
	}()
}

func (e *endpoint) reachable() bool {
	conn, err := connect(e.closed, "tcp", e.address)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// close ends idle connections now, and those in use after the requests on them.
func (e *endpoint) close() {
	e.cancel()
	if e.reads != nil {
		e.reads.close()
	}
	e.closeIdle()
}

func (e *endpoint) closeIdle() {
	if e.reads != nil {
		e.reads.closeIdle()
	}
	e.short.CloseIdleConnections()
	e.long.CloseIdleConnections()
}

// keepOpen is a request's body that a failed attempt must not close.
type keepOpen struct{ io.Reader }

func (keepOpen) Close() error { return nil }
