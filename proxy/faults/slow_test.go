package faults_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

const (
	// headerTimeout is kube-apiserver's timeout for the headers of a request, and for a TLS handshake.
	headerTimeout = 32 * time.Second
	dripEvery     = 250 * time.Millisecond
	lorises       = 100 // of each kind
)

// slowLoris opens connections that send almost no data. Other clients must be served, and the connections must be closed after
// kube-apiserver's timeout.
func (s *suite) slowLoris(t *testing.T) {
	b := s.backend(t, proxytest.BackendOptions{})
	started := time.Now()
	var conns []net.Conn
	for range lorises {
		silent, err := net.Dial("tcp", s.host())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { silent.Close() })
		dripping := s.connect(t)
		dripping.write(t, "GET "+b.Path("things")+" HTTP/1.1\r\nHost: faults\r\nX-Drip: ")
		conns = append(conns, silent, dripping)
		go drip(dripping)
	}
	var open atomic.Int64
	open.Add(int64(len(conns)))
	for _, conn := range conns {
		go func() {
			_, _ = io.Copy(io.Discard, conn)
			open.Add(-1)
		}()
	}
	served := 0
	for open.Load() == int64(len(conns)) && time.Since(started) < headerTimeout {
		asked := time.Now()
		if err := s.exchange(t.Context(), s.client, b.Path("things")); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(asked); took > soon {
			t.Errorf("a request took %s", took)
		}
		served++
	}
	proxytest.Eventually(t, "end of the slow connections", headerTimeout+soon-time.Since(started), func(context.Context) error {
		if n := open.Load(); n > 0 {
			return fmt.Errorf("%d are open", n)
		}
		return nil
	})
	t.Logf("%d slow connections closed after %s, %d others' requests served meanwhile", len(conns), time.Since(started), served)
	if served < 100 {
		t.Errorf("only %d requests of others were served", served)
	}
}

// drip writes a byte at intervals, until a write fails.
func drip(w io.Writer) {
	for {
		if _, err := io.WriteString(w, "x"); err != nil {
			return
		}
		time.Sleep(dripEvery)
	}
}

// slowRequestBody sends bodies that never end. When the request's deadline has passed, the request to the extension-apiserver ends, and the
// client gets 504. Over HTTP/1.1, net/http sends the response when the client's body ends.
func (s *suite) slowRequestBody(t *testing.T) {
	s.bothProtocols(t, func(t *testing.T, b *proxytest.Backend) {
		var ended atomic.Int64
		b.Handle("slow", func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			ended.Add(1)
			panic(http.ErrAbortHandler) // a response could overtake the proxy's
		})
		clients := s.clients(t)
		var requests sync.WaitGroup
		var bodies []io.Closer
		for i := range often {
			body, more := io.Pipe()
			go drip(more)
			bodies = append(bodies, more)
			requests.Go(func() {
				a, err := s.Try(t.Context(), clients[i%2], http.MethodPost, b.Path("slow")+"?timeout=2s", nil, body)
				if err != nil || a.Status != http.StatusGatewayTimeout || !a.Contains("request did not complete within the allotted timeout") {
					t.Errorf("a request whose deadline has passed: %d %s, %v", a.Status, a.Body, err)
				}
			})
		}
		proxytest.Eventually(t, "end at the backend", soon, func(context.Context) error { return atLeast(often, int(ended.Load())) })
		if err := s.exchange(t.Context(), s.client, b.Path("things")); err != nil {
			t.Error(err)
		}
		for _, body := range bodies {
			body.Close()
		}
		requests.Wait()
	})
}

// slowReader requests long responses and does not read them. The request to the extension-apiserver must end at the deadline. The
// client's connection stays open, as with kube-apiserver.
func (s *suite) slowReader(t *testing.T) {
	chunk := bytes.Repeat([]byte("x"), 64<<10)
	s.bothProtocols(t, func(t *testing.T, b *proxytest.Backend) {
		var ended atomic.Int64
		b.Handle("long", func(w http.ResponseWriter, r *http.Request) {
			defer ended.Add(1)
			for r.Context().Err() == nil {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		})
		var conns []*connection
		for range often {
			conn := s.connect(t)
			conn.write(t, "GET "+b.Path("long")+"?timeout=2s HTTP/1.1\r\nHost: faults\r\n\r\n")
			conns = append(conns, conn)
		}
		proxytest.Eventually(t, "arrival of the requests", proxytest.Patience, func(context.Context) error {
			return atLeast(often, len(b.Requests("long")))
		})
		if err := s.exchange(t.Context(), s.client, b.Path("things")); err != nil {
			t.Error(err)
		}
		proxytest.Eventually(t, "end at the backend", soon, func(context.Context) error { return atLeast(often, int(ended.Load())) })
		for _, conn := range conns {
			response, err := http.ReadResponse(conn.reader, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, response.Body); response.StatusCode == http.StatusOK && (err == nil || timedOut(err)) {
				t.Errorf("a response that was cut ends with %v", err)
			}
		}
	})
}
