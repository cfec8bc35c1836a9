package aggregation

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// tested returns the reads of a server whose connections are counted.
func tested(t *testing.T, handler http.HandlerFunc) (*reads, *httptest.Server, *atomic.Int32) {
	t.Helper()
	var accepted atomic.Int32
	server := httptest.NewUnstartedServer(handler)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			accepted.Add(1)
		}
	}
	server.Listener = packetListener{server.Listener}
	server.StartTLS()
	t.Cleanup(server.Close)
	p := &reads{dialer: &dialer{}, address: server.Listener.Addr().String(), tlsConfig: &tls.Config{InsecureSkipVerify: true}}
	t.Cleanup(p.close)
	return p, server, &accepted
}

func (p *reads) request(ctx context.Context, method, path string) (*http.Response, string, error) {
	r, err := http.NewRequestWithContext(ctx, method, "https://"+p.address+path, nil)
	if err != nil {
		return nil, "", err
	}
	response, err := p.RoundTrip(r)
	if err != nil {
		return nil, "", err
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	return response, string(body), err
}

func TestReadsKeepConnections(t *testing.T) {
	long := strings.Repeat("long ", 10000)
	p, server, accepted := tested(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/chunks":
			for range 3 {
				fmt.Fprint(w, "chunk ")
				w.(http.Flusher).Flush()
			}
		case "/long":
			fmt.Fprint(w, long)
		case "/nothing":
			w.WriteHeader(http.StatusNoContent)
		case "/unchanged":
			w.WriteHeader(http.StatusNotModified)
		case "/hints":
			w.WriteHeader(http.StatusEarlyHints)
			fmt.Fprint(w, "after hints")
		case "/close":
			w.Header().Set("Connection", "close")
			fmt.Fprint(w, "bye")
		default:
			fmt.Fprint(w, r.URL.Path)
		}
	})
	hints := 0
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(int, textproto.MIMEHeader) error { hints++; return nil }})
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/short", "/short", 200}, {"GET", "/chunks", "chunk chunk chunk ", 200}, {"GET", "/long", long, 200}, {"HEAD", "/long", "", 200},
		{"GET", "/nothing", "", 204}, {"GET", "/unchanged", "", 304}, {"GET", "/hints", "after hints", 200}, {"GET", "/close", "bye", 200},
	} {
		response, body, err := p.request(ctx, c.method, c.path)
		if err != nil || response.StatusCode != c.status || body != c.body {
			t.Errorf("%s %s: %v, %d bytes, %v", c.method, c.path, response, len(body), err)
		}
	}
	if n := accepted.Load(); n != 1 || hints != 1 {
		t.Errorf("%d connections and %d hints, want one of each", n, hints)
	}
	for range 2 { // the second request finds that the connection of the first is closed
		if _, _, err := p.request(ctx, "GET", "/short"); err != nil {
			t.Error(err)
		}
		server.CloseClientConnections()
	}
	if n := accepted.Load(); n != 3 {
		t.Errorf("%d connections, want 3", n)
	}
}

// TestReadsIgnoreUnrequestedData uses a server that sends more data after its response: with the response, in the same packet, or
// after the client has read the response. The data must not be read as the next response.
func TestReadsIgnoreUnrequestedData(t *testing.T) {
	const requested, unrequested = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad"
	for _, when := range []string{"with it", "in the same packet", "later"} {
		t.Run(when, func(t *testing.T) {
			received, said := make(chan struct{}), make(chan struct{})
			p, _, accepted := tested(t, func(w http.ResponseWriter, _ *http.Request) {
				conn, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				switch when {
				case "with it":
					fmt.Fprint(conn, requested+unrequested)
				case "in the same packet":
					packet := conn.(*tls.Conn).NetConn().(*packetConn)
					packet.held = &bytes.Buffer{}
					fmt.Fprint(conn, requested)
					fmt.Fprint(conn, unrequested)
					_, _ = packet.held.WriteTo(packet.Conn)
				case "later":
					fmt.Fprint(conn, requested)
					<-received
					fmt.Fprint(conn, unrequested)
					said <- struct{}{}
				}
			})
			for range 3 {
				if _, body, err := p.request(t.Context(), "GET", "/"); err != nil || body != "one" {
					t.Fatalf("%q %v", body, err)
				}
				if when == "later" {
					received <- struct{}{}
					<-said
				}
			}
			if n := accepted.Load(); n != 3 {
				t.Errorf("%d connections, want one for each request", n)
			}
		})
	}
}

// packetConn is a server's connection that buffers its writes while it has a buffer.
type packetConn struct {
	net.Conn
	held *bytes.Buffer
}

// Write implements net.Conn.
func (c *packetConn) Write(p []byte) (int, error) {
	if c.held != nil {
		return c.held.Write(p)
	}
	return c.Conn.Write(p)
}

// packetListener accepts packetConns.
type packetListener struct{ net.Listener }

// Accept implements net.Listener.
func (l packetListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return &packetConn{Conn: conn}, err
}

func TestReadsEnd(t *testing.T) {
	hang, hangs := make(chan struct{}), make(chan struct{})
	p, _, accepted := tested(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/cut":
			w.Header().Set("Content-Length", "10")
			fmt.Fprint(w, "cut")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		case "/middle":
			fmt.Fprint(w, "middle")
			w.(http.Flusher).Flush()
			fallthrough
		case "/hang":
			hangs <- struct{}{}
			<-hang
		}
	})
	defer close(hang)
	if _, body, err := p.request(t.Context(), "GET", "/cut"); !errors.Is(err, io.ErrUnexpectedEOF) || body != "cut" {
		t.Errorf("a body that was cut: %q %v", body, err)
	}
	for _, path := range []string{"/hang", "/middle"} {
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-hangs
			cancel()
		}()
		if _, _, err := p.request(ctx, "GET", path); err == nil || ctx.Err() == nil {
			t.Errorf("%s outlived its context: %v", path, err)
		}
		cancel()
	}
	if p.takeIdle() != nil {
		t.Error("a connection was kept whose response didn't end")
	}
	if _, _, err := p.request(t.Context(), "GET", "/"); err != nil || accepted.Load() != 4 {
		t.Errorf("after that: %v, with %d connections", err, accepted.Load())
	}
	p.close()
	if p.idle != nil || p.reaper == nil || p.reaper.Stop() {
		t.Error("something is left after the end")
	}
}

func TestReadsAtOnce(t *testing.T) {
	p, _, accepted := tested(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path) })
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for k := range 200 {
				path := fmt.Sprintf("/%d/%d", i, k)
				ctx, cancel := context.WithCancel(t.Context())
				if k%10 == 0 {
					time.AfterFunc(time.Duration(k)*time.Microsecond, cancel)
				}
				if _, body, err := p.request(ctx, "GET", path); err == nil && body != path || err != nil && ctx.Err() == nil {
					t.Errorf("%q %v, want %q", body, err, path)
				}
				cancel()
			}
		})
	}
	all.Wait()
	if n := accepted.Load(); n > 8+160 {
		t.Errorf("%d connections for eight at a time", n)
	}
}
