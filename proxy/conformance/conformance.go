// Package conformance shows through the wire, from a client on one side and an extension-apiserver on the other, what
// kube-apiserver's aggregation layer does. The same tests pass against kube-apiserver and against aggregation-proxy:
// what an extension-apiserver relies on here, it can rely on in a cluster.
package conformance

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// The user that suites act as.
const (
	userName = "conformance"
	masters  = "system:masters"
)

// suite is the control plane to test, with an administrator's client.
type suite struct {
	*proxytest.ControlPlane
	client *http.Client
}

// Run tests a control plane that serves nothing but what it started with, and that was started after
// proxytest.SystemRoots, with the result in its field of that name.
func Run(t *testing.T, cp *proxytest.ControlPlane) {
	if cp.SystemRoots.Cert == "" {
		t.Fatal("the control plane must be started after proxytest.SystemRoots, and told the result")
	}
	s := &suite{cp, cp.HTTPClient(t, userName, masters)}
	t.Run("Nothing", s.nothing) // alone: the others add something
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
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

// run is t.Run for tests that don't disturb each other.
func run(t *testing.T, name string, test func(*testing.T)) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		test(t)
	})
}

// backend starts and registers one.
func (s *suite) backend(t *testing.T, o proxytest.BackendOptions) *proxytest.Backend {
	t.Helper()
	b := proxytest.StartBackend(t, s.ControlPlane, o)
	b.Register(t, s.ControlPlane)
	return b
}

// answer is a response, read to its end.
type answer struct {
	Status  int
	Header  http.Header
	Body    string
	Trailer http.Header
}

// get asks as the suite's user.
func (s *suite) get(t *testing.T, target string) answer {
	t.Helper()
	return s.send(t, s.client, http.MethodGet, target, nil, "")
}

// send sends a request for the path and query to the control plane.
func (s *suite) send(t *testing.T, client *http.Client, method, target string, header http.Header, body string) answer {
	t.Helper()
	a, err := s.try(t, client, method, target, header, body)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// try is send where failing is an outcome.
func (s *suite) try(t *testing.T, client *http.Client, method, target string, header http.Header, body string) (answer, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.URL+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		request.Header = header.Clone()
	}
	response, err := client.Do(request)
	if err != nil {
		return answer{}, err
	}
	return read(response)
}

func read(response *http.Response) (answer, error) {
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(body), response.Trailer}, err
}

// echo is what the backend says that it received.
func (a answer) echo(t *testing.T) proxytest.Echo {
	t.Helper()
	var seen proxytest.Echo
	if err := json.Unmarshal([]byte(a.Body), &seen); err != nil || a.Status != http.StatusOK {
		t.Fatalf("no echo but %d %q: %v", a.Status, a.Body, err)
	}
	return seen
}

// want wants a status and exactly this body.
func (a answer) want(t *testing.T, status int, body string) {
	t.Helper()
	if a.Status != status || a.Body != body {
		t.Errorf("got %d %q, want %d %q", a.Status, a.Body, status, body)
	}
}

// wantPlain is want for a text that the aggregation layer wrote itself.
func (a answer) wantPlain(t *testing.T, status int, body string) {
	t.Helper()
	a.want(t, status, body)
	a.wantHeader(t, "Content-Type", "text/plain; charset=utf-8")
	a.wantHeader(t, "X-Content-Type-Options", "nosniff")
}

// awaitUnavailable waits until the router has heard what the APIService's condition says.
func (s *suite) awaitUnavailable(t *testing.T, target string) {
	t.Helper()
	proxytest.Eventually(t, "503 from "+target, proxytest.Patience, func(context.Context) error {
		if a := s.get(t, target); a.Status != http.StatusServiceUnavailable || a.Body != unavailable {
			return fmt.Errorf("%d %q", a.Status, a.Body)
		}
		return nil
	})
	s.get(t, target).wantPlain(t, http.StatusServiceUnavailable, unavailable)
}

func (a answer) wantHeader(t *testing.T, name string, values ...string) {
	t.Helper()
	wantHeader(t, a.Header, name, values...)
}

func wantHeader(t *testing.T, header http.Header, name string, values ...string) {
	t.Helper()
	if diff := cmp.Diff(values, header.Values(name)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// connection is one of HTTP/1.1, for what Go's client would not send.
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

// ask sends the lines of a request without a body, and reads the beginning of the response.
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

// raw sends the lines of a request as they are, on a connection of its own, and returns the whole answer.
func (s *suite) raw(t *testing.T, lines ...string) answer {
	t.Helper()
	a, err := read(s.connect(t).ask(t, lines...))
	if err != nil {
		t.Fatal(err)
	}
	return a
}
