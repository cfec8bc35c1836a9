package faults_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// clients returns administrators' clients for HTTP/2 and HTTP/1.1.
func (s *suite) clients(t *testing.T) []*http.Client {
	t.Helper()
	return []*http.Client{s.HTTPClient(t, userName, masters), s.http1Client(t)}
}

func (s *suite) http1Client(t *testing.T) *http.Client {
	t.Helper()
	client := s.HTTPClient(t, userName, masters)
	transport := client.Transport.(*http.Transport)
	transport.ForceAttemptHTTP2 = false
	transport.Protocols = new(http.Protocols)
	transport.Protocols.SetHTTP1(true)
	return client
}

// get sends a GET, and fails the test at an error.
func (s *suite) get(t *testing.T, client *http.Client, target string) proxytest.Answer {
	t.Helper()
	a, err := s.Try(t.Context(), client, http.MethodGet, target, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// open sends a GET and returns when the response starts. The response ends with the test at the latest.
func (s *suite) open(t *testing.T, client *http.Client, target string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response
}

// connection is an HTTP/1.1 connection, for requests that Go's client would not send.
type connection struct {
	*tls.Conn
	reader *bufio.Reader
}

// connect opens an administrator's connection, for the protocols or HTTP/1.1.
func (s *suite) connect(t *testing.T, protocols ...string) *connection {
	t.Helper()
	config := s.TLSConfig(t, userName, masters)
	config.NextProtos = protocols
	conn, err := tls.Dial("tcp", s.host(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(proxytest.Patience)); err != nil {
		t.Fatal(err)
	}
	return &connection{conn, bufio.NewReader(conn)}
}

func (s *suite) host() string { return strings.TrimPrefix(s.URL, "https://") }

func (c *connection) write(t *testing.T, data string) {
	t.Helper()
	if _, err := io.WriteString(c, data); err != nil {
		t.Fatal(err)
	}
}

// ask sends the lines of a request without a body, and reads the header of the response.
func (c *connection) ask(t *testing.T, lines ...string) *http.Response {
	t.Helper()
	c.write(t, strings.Join(lines, "\r\n")+"\r\nHost: faults\r\n\r\n")
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// upgraded returns a connection that the backend has upgraded.
func (s *suite) upgraded(t *testing.T, target string) *connection {
	t.Helper()
	conn := s.connect(t)
	response := conn.ask(t, "GET "+target+" HTTP/1.1", "Connection: Upgrade", "Upgrade: echo")
	if response.StatusCode != http.StatusSwitchingProtocols {
		body, _ := io.ReadAll(response.Body)
		t.Fatalf("an upgrade answers %s %s", response.Status, body)
	}
	return conn
}

// roundTrip writes data and checks that it comes back.
func (c *connection) roundTrip(t *testing.T) {
	t.Helper()
	const said = "said and heard"
	c.write(t, said)
	heard := make([]byte, len(said))
	if _, err := io.ReadFull(c.reader, heard); err != nil || string(heard) != said {
		t.Fatalf("heard %q: %v", heard, err)
	}
}

// ends checks that the other side closes the stream soon. It returns the remaining data and the error at the end.
func ends(t *testing.T, what string, stream io.Reader) (rest string, err error) {
	t.Helper()
	type end struct {
		rest []byte
		err  error
	}
	ended := make(chan end, 1)
	go func() {
		rest, err := io.ReadAll(stream)
		ended <- end{rest, err}
	}()
	select {
	case e := <-ended:
		return string(e.rest), e.err
	case <-time.After(soon):
		t.Fatalf("%s goes on after %s", what, soon)
		return "", nil
	}
}

// timedOut reports whether an operation failed because of the deadline of the connection.
func timedOut(err error) bool {
	timeout, ok := err.(net.Error)
	return ok && timeout.Timeout()
}
