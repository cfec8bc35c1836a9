// Package conformance tests the behavior of kube-apiserver's aggregation layer on the wire, with a client and an
// extension-apiserver. The same tests pass for kube-apiserver and for aggregation-proxy, so an extension-apiserver can rely on this
// behavior in a cluster.
package conformance

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// userName is the user of the suites' requests.
const (
	userName = "conformance"
	masters  = "system:masters"
)

// suite is the control plane under test, with an administrator's client.
type suite struct {
	*proxytest.ControlPlane
	client *http.Client
}

// Run tests a new control plane, which was started after proxytest.SystemRoots and has the result in its field of that name.
func Run(t *testing.T, cp *proxytest.ControlPlane) {
	if cp.SystemRoots.Cert == "" {
		t.Fatal("the control plane must be started after proxytest.SystemRoots, and told the result")
	}
	s := &suite{cp, cp.HTTPClient(t, userName, masters)}
	t.Run("Nothing", s.nothingAdded) // first, because the other tests add APIServices
	for name, test := range map[string]func(*testing.T){
		"Handler":      s.handler,
		"Discovery":    s.discovery,
		"Timeout":      s.timeout,
		"Headers":      s.headers,
		"Response":     s.response,
		"Upgrade":      s.upgrade,
		"Redirect":     s.redirect,
		"Availability": s.availability,
		"Probe":        s.probe,
		"TLS":          s.tls,
		"Rotation":     s.rotation,
		"OpenAPI":      s.openAPI,
		"Validation":   s.validation,
		"Pause":        s.pause,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

// run runs a test in parallel with others.
func run(t *testing.T, name string, test func(*testing.T)) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		test(t)
	})
}

// backend starts and registers a backend.
func (s *suite) backend(t *testing.T, o proxytest.BackendOptions) *proxytest.Backend {
	t.Helper()
	b := proxytest.StartBackend(t, s.ControlPlane, o)
	b.Register(t, s.ControlPlane)
	return b
}

// get sends a GET as the suite's user.
func (s *suite) get(t *testing.T, target string) proxytest.Answer {
	t.Helper()
	return s.send(t, s.client, http.MethodGet, target, nil, "")
}

// send sends a request for the path and query to the control plane.
func (s *suite) send(t *testing.T, client *http.Client, method, target string, header http.Header, body string) proxytest.Answer {
	t.Helper()
	a, err := s.Try(t.Context(), client, method, target, header, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// wantPlain checks for a status and exactly this text, which the aggregation layer writes itself.
func wantPlain(t *testing.T, a proxytest.Answer, status int, body string) {
	t.Helper()
	a.Want(t, status, body)
	a.WantHeader(t, "Content-Type", "text/plain; charset=utf-8")
	a.WantHeader(t, "X-Content-Type-Options", "nosniff")
}

// awaitUnavailable waits until requests are refused, shortly after the APIService's condition has changed.
func (s *suite) awaitUnavailable(t *testing.T, target string) {
	t.Helper()
	proxytest.Eventually(t, "503 from "+target, proxytest.Patience, func(context.Context) error {
		if a := s.get(t, target); a.Status != http.StatusServiceUnavailable || a.Body != unavailable {
			return fmt.Errorf("%d %q", a.Status, a.Body)
		}
		return nil
	})
	wantPlain(t, s.get(t, target), http.StatusServiceUnavailable, unavailable)
}

// connection is an HTTP/1.1 connection, for requests that Go's client would not send.
type connection struct {
	net.Conn
	reader *bufio.Reader
}

// connect opens a connection as the suite's user.
func (s *suite) connect(t *testing.T) *connection {
	t.Helper()
	config := s.TLSConfig(t, userName, masters)
	config.NextProtos = []string{"http/1.1"}
	conn, err := tls.Dial("tcp", strings.TrimPrefix(s.URL, "https://"), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(proxytest.Patience)); err != nil {
		t.Fatal(err)
	}
	return &connection{conn, bufio.NewReader(conn)}
}

// ask sends the lines of a request without a body, and reads the header of the response.
func (c *connection) ask(t *testing.T, lines ...string) *http.Response {
	t.Helper()
	c.write(t, strings.Join(lines, "\r\n")+"\r\nHost: conformance\r\n\r\n")
	return c.response(t)
}

func (c *connection) write(t *testing.T, data string) {
	t.Helper()
	if _, err := io.WriteString(c, data); err != nil {
		t.Fatal(err)
	}
}

func (c *connection) response(t *testing.T) *http.Response {
	t.Helper()
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// raw sends the unchanged lines of a request on a new connection, and returns the whole response.
func (s *suite) raw(t *testing.T, lines ...string) proxytest.Answer {
	t.Helper()
	a, err := proxytest.ReadAnswer(s.connect(t).ask(t, lines...))
	if err != nil {
		t.Fatal(err)
	}
	return a
}
