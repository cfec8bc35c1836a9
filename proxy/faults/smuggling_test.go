package faults_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// smuggling sends data that one server may parse as one request, and another server as two.
func (s *suite) smuggling(t *testing.T) {
	b := s.backend(t, proxytest.BackendOptions{HTTP1: true})
	tap := tapInto(t, b)
	b.WaitServed(t, s.ControlPlane)
	post := "POST " + b.Path("things") + " HTTP/1.1\r\nHost: faults\r\nX-Carrier: carrier\r\n"
	hidden := "GET " + b.Path("smuggled") + " HTTP/1.1\r\nHost: faults\r\nX-Remote-User: system:admin\r\n\r\n"
	chunked := "Transfer-Encoding: chunked\r\n"
	const end = "0\r\n\r\n"
	// Without this, the connection may stay open, and closing it early would cancel the requests.
	const farewell = "GET /healthz HTTP/1.1\r\nHost: faults\r\nConnection: close\r\n\r\n"
	for name, sent := range map[string]string{
		"length_and_chunks":             post + "Content-Length: 6\r\n" + chunked + "\r\n" + end + hidden,
		"length_of_all_and_chunks":      post + "Content-Length: 500\r\n" + chunked + "\r\n" + end + hidden,
		"chunks_and_length":             post + chunked + "Content-Length: 6\r\n\r\n" + end + hidden,
		"two_lengths":                   post + "Content-Length: 0\r\nContent-Length: 90\r\n\r\n" + hidden,
		"two_equal_lengths":             post + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nxx" + hidden,
		"lengths_in_a_list":             post + "Content-Length: 0, 90\r\n\r\n" + hidden,
		"length_with_a_sign":            post + "Content-Length: +0\r\n\r\n" + hidden,
		"negative_length":               post + "Content-Length: -1\r\n\r\n" + hidden,
		"hexadecimal_length":            post + "Content-Length: 0x5a\r\n\r\n" + hidden,
		"empty_length":                  post + "Content-Length: \r\n\r\n" + hidden,
		"huge_length":                   post + "Content-Length: 99999999999999999999\r\n\r\n" + hidden,
		"space_before_colon":            post + "Content-Length : 90\r\n\r\n" + hidden,
		"space_before_colon_of_chunks":  post + "Transfer-Encoding : chunked\r\n\r\n" + end + hidden,
		"folded_encoding":               post + "Transfer-Encoding:\r\n chunked\r\n\r\n" + end + hidden,
		"folded_length":                 post + "Content-Length:\r\n\t0\r\n\r\n" + hidden,
		"folded_header":                 post + "X-Folded: a\r\n Content-Length: 90\r\n\r\n" + hidden,
		"folded_first_header":           "POST " + b.Path("things") + " HTTP/1.1\r\n Host: faults\r\nHost: faults\r\n\r\n" + hidden,
		"unknown_encoding":              post + "Transfer-Encoding: xchunked\r\n\r\n" + end + hidden,
		"two_encodings":                 post + chunked + "Transfer-Encoding: identity\r\n\r\n" + end + hidden,
		"encodings_in_a_list":           post + "Transfer-Encoding: gzip, chunked\r\n\r\n" + end + hidden,
		"encoding_in_quotes":            post + "Transfer-Encoding: \"chunked\"\r\n\r\n" + end + hidden,
		"encoding_with_a_tab":           post + "Transfer-Encoding:\tchunked\r\nContent-Length: 5\r\n\r\n" + end + hidden,
		"encoding_with_an_odd_byte":     post + "Transfer-Encoding: \x0bchunked\r\n\r\n" + end + hidden,
		"encoding_in_HTTP1.0":           strings.Replace(post, "HTTP/1.1", "HTTP/1.0", 1) + chunked + "\r\n" + end + hidden,
		"bare_line_feeds":               strings.ReplaceAll(post, "\r\n", "\n") + "Content-Length: 0\n\n" + hidden,
		"bare_line_feed_in_a_value":     post + "X-A: b\nContent-Length: 90\r\n\r\n" + hidden,
		"bare_carriage_return":          post + "X-A: b\rContent-Length: 90\r\n\r\n" + hidden,
		"chunk_extensions":              post + chunked + "\r\n2;a=b;c=\"d\"\r\nxx\r\n0;e\r\n\r\n" + hidden,
		"chunk_extension_with_feed":     post + chunked + "\r\n2;a\nxx\r\n" + end + hidden,
		"chunk_size_with_sign":          post + chunked + "\r\n+2\r\nxx\r\n" + end + hidden,
		"chunk_size_with_prefix":        post + chunked + "\r\n0x2\r\nxx\r\n" + end + hidden,
		"chunk_size_overflows":          post + chunked + "\r\n10000000000000002\r\nxx\r\n" + end + hidden,
		"chunk_ends_with_feed":          post + chunked + "\r\n2\nxx\n0\n\n" + hidden,
		"chunk_longer_than_its_size":    post + chunked + "\r\n2\r\nxxxx\r\n" + end + hidden,
		"forged_trailers":               post + chunked + "Trailer: X-Remote-User\r\n\r\n2\r\nxx\r\n0\r\nX-Remote-User: system:admin\r\nContent-Length: 90\r\n\r\n" + hidden,
		"line_break_in_the_path":        "POST " + b.Path("things") + "%0d%0aX-Remote-User:%20system:admin%0d%0a HTTP/1.1\r\nHost: faults\r\nContent-Length: 0\r\n\r\n" + hidden,
		"request_line_in_the_query":     "POST " + b.Path("things") + "?a=%20HTTP/1.1%0d%0aHost:%20faults%0d%0a%0d%0aGET%20" + b.Path("smuggled") + " HTTP/1.1\r\nHost: faults\r\nContent-Length: 0\r\n\r\n" + hidden,
		"body_of_a_GET":                 "GET " + b.Path("things") + " HTTP/1.1\r\nHost: faults\r\nContent-Length: 5\r\n\r\nGET /" + hidden,
		"two_hosts":                     "POST " + b.Path("things") + " HTTP/1.1\r\nHost: faults\r\nHost: other\r\nContent-Length: 0\r\n\r\n" + hidden,
		"whole_URL_of_elsewhere":        "POST https://elsewhere.example.com" + b.Path("things") + " HTTP/1.1\r\nHost: faults\r\nContent-Length: 0\r\n\r\n" + hidden,
		"expectation_and_no_body":       post + "Expect: 100-continue\r\nContent-Length: 90\r\n\r\n" + hidden,
		"body_in_the_place_of_a_header": post + "Content-Length: 90\r\n" + hidden,
	} {
		t.Run(name, func(t *testing.T) {
			tap.forget(t)
			conn := s.connect(t)
			conn.write(t, sent+farewell)
			answers := responses(t, conn)
			tap.wantNormal(t, b, answers)
		})
	}
}

// responses returns the status codes of all responses on the connection.
func responses(t *testing.T, conn *connection) (statuses []int) {
	t.Helper()
	for {
		if err := conn.SetDeadline(time.Now().Add(soon)); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(conn.reader, nil)
		if timedOut(err) {
			t.Fatalf("no more answers after %d, and no end", statuses)
		}
		if err != nil {
			return statuses // the end of the connection, with or without unread bytes
		}
		statuses = append(statuses, response.StatusCode)
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			t.Fatal(err)
		}
	}
}

// tap records the exact bytes that a backend receives.
type tap struct {
	net.Listener
	lock  sync.Mutex
	conns []*tapped
	busy  atomic.Int32 // connections with a request that has not ended
}

// tapped is a connection of the tap.
type tapped struct {
	net.Conn
	tap      *tap
	received []byte
	busy     bool // only the server's goroutine for the connection uses it
}

// tapInto replaces the backend's server with one that records bytes, and responds in the same way.
func tapInto(t *testing.T, b *proxytest.Backend) *tap {
	t.Helper()
	b.Stop()
	l, err := tls.Listen("tcp", b.Addr(), &tls.Config{Certificates: []tls.Certificate{b.Authority.Serving(t, b.ServerName())}})
	if err != nil {
		t.Fatal(err)
	}
	tap := &tap{Listener: l}
	server := &http.Server{ConnState: tap.count, ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.TLS = &tls.ConnectionState{}
		b.Default(w, r)
	})}
	go func() { _ = server.Serve(tap) }() // it returns http.ErrServerClosed
	t.Cleanup(func() { server.Close() })
	return tap
}

// Accept implements net.Listener.
func (p *tap) Accept() (net.Conn, error) {
	conn, err := p.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &tapped{Conn: conn, tap: p}
	p.lock.Lock()
	defer p.lock.Unlock()
	p.conns = append(p.conns, c)
	return c, nil
}

// Read implements net.Conn.
func (c *tapped) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.tap.lock.Lock()
	defer c.tap.lock.Unlock()
	c.received = append(c.received, p[:n]...)
	return n, err
}

// count tracks requests. It is the ConnState of an http.Server.
func (p *tap) count(conn net.Conn, state http.ConnState) {
	c := conn.(*tapped)
	switch {
	case state == http.StateActive && !c.busy:
		c.busy = true
		p.busy.Add(1)
	case (state == http.StateIdle || state == http.StateClosed) && c.busy:
		c.busy = false
		p.busy.Add(-1)
	}
}

// forget drops the recorded data once none is in flight, such as the rest of an incomplete body.
func (p *tap) forget(t *testing.T) {
	t.Helper()
	proxytest.Eventually(t, "the end of all requests at the backend", soon, func(context.Context) error {
		if busy := p.busy.Load(); busy > 0 {
			return fmt.Errorf("%d go on", busy)
		}
		return nil
	})
	p.lock.Lock()
	defer p.lock.Unlock()
	for _, c := range p.conns {
		c.received = nil
	}
}

// ambiguous lists patterns that servers parse differently.
var ambiguous = map[string]*regexp.Regexp{
	"a bare line feed":       regexp.MustCompile(`[^\r]\n`),
	"a bare carriage return": regexp.MustCompile(`\r[^\n]`),
	"a folded line":          regexp.MustCompile(`\r\n[ \t]`),
	"a space before a colon": regexp.MustCompile(`\r\n[^:\r]*\s:`),
	"two lengths":            regexp.MustCompile(`(?is)(\r\n(content-length|transfer-encoding):.*){2}`),
	"an odd length":          regexp.MustCompile(`(?i)\r\ncontent-length:( *\r| *[^\r]*[^0-9 \r])`),
	"an odd encoding":        regexp.MustCompile(`(?i)\r\ntransfer-encoding:([^ ]| [^c]| c[^h]| chunked[^\r])`),
	"two identities":         regexp.MustCompile(`(?is)(\r\nx-remote-user:.*){2}`),
	"a forged identity":      regexp.MustCompile(`(?i)\r\nx-remote-[^\r]*: ?system:admin`),
}

// TestAmbiguousFormsAreFound checks that the other tests would detect each pattern.
func TestAmbiguousFormsAreFound(t *testing.T) {
	const first = "POST /things HTTP/1.1\r\n"
	for form, want := range map[string]string{
		"Host: a\r\nContent-Length: 10\r\nX-Remote-User: jane\r\n": "",
		"Host: a\r\nTransfer-Encoding: chunked\r\nX-A: b c:d\r\n":  "",
		"Host: a\nX-A: b\r\n": "a bare line feed",
		"X-A: b\rX-C: d\r\n":  "a bare carriage return",
		"X-A: b\r\n c\r\n":    "a folded line",
		"X-A : b\r\n":         "a space before a colon",
		"Content-Length: 0\r\nX-A: b\r\ntransfer-encoding: chunked\r\n": "two lengths",
		"Content-Length: +1\r\n":                                  "an odd length",
		"Content-Length: \r\n":                                    "an odd length",
		"Transfer-Encoding: xchunked\r\n":                         "an odd encoding",
		"Transfer-Encoding:\tchunked\r\n":                         "an odd encoding",
		"X-Remote-User: jane\r\nX-A: b\r\nx-remote-user: joe\r\n": "two identities",
		"X-Remote-Group: system:admin\r\n":                        "a forged identity",
	} {
		var found []string
		for what, pattern := range ambiguous {
			if pattern.MatchString(first + form) {
				found = append(found, what)
			}
		}
		if got := strings.Join(found, ", "); got != want {
			t.Errorf("in %q is found %q, want %q", form, got, want)
		}
	}
}

// wantNormal checks that the backend received no more requests than the client got responses, that each is the client's, and that
// none is ambiguous.
func (p *tap) wantNormal(t *testing.T, b *proxytest.Backend, answers []int) {
	t.Helper()
	p.lock.Lock()
	defer p.lock.Unlock()
	count := 0
	for _, c := range p.conns {
		reader := bufio.NewReaderSize(bytes.NewReader(c.received), len(c.received)+1)
		for {
			_, _ = reader.Peek(1) // buffers all data
			rest := c.received[len(c.received)-reader.Buffered():]
			request, err := http.ReadRequest(reader)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Errorf("the backend received %q: %v", rest, err)
				break
			}
			if _, err := io.Copy(io.Discard, request.Body); err != nil {
				break // the proxy canceled it, as it must
			}
			if !strings.HasPrefix(request.URL.Path, b.Path()+"/") {
				continue // a probe, or discovery
			}
			count++
			wantUser(t, request.URL.Path, request.Header, userName, masters, "system:authenticated")
			head, _, _ := bytes.Cut(rest, []byte("\r\n\r\n"))
			for what, form := range ambiguous {
				if form.Match(append(bytes.Clone(head), "\r\n"...)) {
					t.Errorf("the backend received %s: %q", what, head)
				}
			}
		}
	}
	if count > len(answers) {
		t.Errorf("the backend received %d requests, the client %d answers: %d", count, len(answers), answers)
	}
	t.Logf("%d requests reached the backend, the answers are %d", count, answers)
}
