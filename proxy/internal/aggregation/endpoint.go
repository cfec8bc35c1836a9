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

	"k8s.io/apimachinery/pkg/util/wait"
)

const (
	// client-go's transports, which kube-aggregator uses, have the same values.
	tlsHandshakeTimeout = 10 * time.Second
	idleTimeout         = 90 * time.Second
	// An HTTP/2 connection sends a ping after pingAfter without data, and is closed pingTimeout later. The process at the other end may
	// pause for a while. The dialer detects a lost host sooner.
	pingAfter, pingTimeout = 30 * time.Second, 15 * time.Second
	// idleConnections is a quarter of the number of requests that kube-apiserver handles at once.
	idleConnections = 100
	// downPoll is the interval between attempts to connect to an endpoint that is down.
	downPoll = 250 * time.Millisecond
)

// endpoint is an address of an extension-apiserver, with the connections to it.
type endpoint struct {
	address string
	dialer  dialer
	// short and reads are for short requests. They use HTTP/1.1, with one request at a time on each connection, which takes the
	// least work. long is for watches. It uses HTTP/2, with many requests on a connection, which takes the least memory.
	short, long *http.Transport
	reads       *reads // nil if the environment configures an HTTP proxy
	// http2Only is set if the server refuses HTTP/1.1.
	http2Only atomic.Bool
	// down is set while no process listens at the address.
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
		// The client and the extension-apiserver negotiate compression.
		DisableCompression: true,
	}
}

// roundTrip sends a request to this endpoint.
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

// setDown marks the endpoint as down until a process listens at the address.
func (e *endpoint) setDown() {
	if !e.down.Swap(true) {
		// Connections to a lost host still seem idle for a while.
		e.closeIdle()
	}
	e.checkReachable()
}

// checkReachable connects to the endpoint in the background. If that fails, it marks the endpoint as down until it succeeds.
func (e *endpoint) checkReachable() {
	if e.closed.Err() != nil || e.checking.Swap(true) {
		return
	}
	go func() {
		defer e.checking.Store(false)
		// The error is that of e.closed.
		_ = wait.PollUntilContextCancel(e.closed, downPoll, true, func(context.Context) (bool, error) {
			reachable := e.reachable()
			e.down.Store(!reachable)
			return reachable, nil
		})
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

// close closes idle connections now, and others after their requests.
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

// keepOpen is the body of a request. Close does nothing, so that a failed attempt does not close the body.
type keepOpen struct{ io.Reader }

func (keepOpen) Close() error { return nil }
