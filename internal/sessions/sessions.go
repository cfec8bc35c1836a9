// Package sessions tests a subresource of a project that passes requests on to another server, with requests, WebSocket and SPDY sessions.
package sessions

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/websocket"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/transport/spdy"
)

const (
	// sessionSize is the number of bytes of a long session, each way.
	sessionSize = 10 << 20
	// manySessions is the number of short sessions. extraGoroutines is far less than one for each of them.
	manySessions, extraGoroutines = 1000, 100
	// longWatch is longer than the timeout of requests.
	longWatch = 75 * time.Second
)

// Annotation contains the URL that the subresource passes requests on to.
const Annotation = "backend"

// Test starts a server, sets the annotation of the object at path to its URL, and opens sessions of the object's subresource proxy. The
// subresource report must return the number of goroutines of the apiserver. logf gets the duration of each step.
func Test(ctx context.Context, config *rest.Config, path string, logf func(format string, args ...any)) error {
	b, err := startBackend()
	if err != nil {
		return err
	}
	defer b.kill()
	c, err := newClient(config, path)
	if err != nil {
		return err
	}
	if err := c.annotate(ctx, "http://"+b.Addr().String()+"/base"); err != nil {
		return err
	}

	watch := make(chan error, 1)
	go func() { watch <- c.watch(ctx) }()
	for _, step := range []struct {
		name string
		run  func() error
	}{
		{"a request", c.request},
		{"a path that leaves the target", c.escape},
		{"a WebSocket session", func() error { return c.webSocket(sessionSize) }},
		{"a SPDY session", func() error { return c.spdy(ctx, sessionSize) }},
		{"many sessions", func() error { return c.many(ctx) }},
		{"a watch", func() error { return <-watch }},
		{"a session that the backend ends", func() error { return c.cut(b) }},
		{"a request without a backend", c.unavailable},
	} {
		start := time.Now()
		if err := step.run(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		logf("%s took %s", step.name, time.Since(start).Round(time.Millisecond))
	}
	return nil
}

// A client opens sessions through the aggregation layer.
type client struct {
	config *rest.Config
	tls    *tls.Config
	http   *http.Client
	// path is that of the object.
	path string
}

func newClient(config *rest.Config, path string) (*client, error) {
	httpClient, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, err
	}
	tlsConfig, err := rest.TLSConfigFor(config)
	if err != nil {
		return nil, err
	}
	tlsConfig.NextProtos = []string{"http/1.1"}
	return &client{config: config, tls: tlsConfig, http: httpClient, path: path}, nil
}

// annotate sets the annotation of the object.
func (c *client) annotate(ctx context.Context, url string) error {
	patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, Annotation, url)
	request, err := http.NewRequestWithContext(ctx, http.MethodPatch, c.config.Host+c.path, strings.NewReader(patch))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/merge-patch+json")
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("PATCH %s: %s", c.path, response.Status)
	}
	return nil
}

// get requests a path and returns the status and the body.
func (c *client) get(path string) (int, string, error) {
	response, err := c.http.Get(c.config.Host + path)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

// request checks what the backend gets of a request.
func (c *client) request() error {
	code, body, err := c.get(c.path + "/proxy/some/path/?text=hello")
	if err != nil || code != http.StatusOK || !strings.HasPrefix(body, "GET /base/some/path/?text=hello\n") {
		return fmt.Errorf("got %d %q %v", code, body, err)
	}
	if credentials := regexp.MustCompile(`(?mi)^(Authorization|X-Remote-.*|Impersonate-.*)$`).FindString(body); credentials != "" {
		return fmt.Errorf("the backend got the header %s", credentials)
	}
	return nil
}

// escape requests a path above that of the target.
func (c *client) escape() error {
	for _, tail := range []string{"/%2e%2e/%2e%2e/secret", "/..%2f..%2fsecret"} {
		code, body, err := c.get(c.path + "/proxy" + tail)
		if err != nil || code == http.StatusOK && !strings.HasPrefix(body, "GET /base/secret\n") {
			return fmt.Errorf("%s: got %d %q %v", tail, code, body, err)
		}
	}
	return nil
}

// dial opens a WebSocket session.
func (c *client) dial() (*websocket.Conn, error) {
	config, err := websocket.NewConfig(strings.Replace(c.config.Host, "https:", "wss:", 1)+c.path+"/proxy/websocket", c.config.Host)
	if err != nil {
		return nil, err
	}
	config.TlsConfig = c.tls
	ws, err := websocket.DialConfig(config)
	if err == nil {
		ws.PayloadType = websocket.BinaryFrame
	}
	return ws, err
}

// webSocket sends bytes in a session, which the backend sends back.
func (c *client) webSocket(size int) error {
	ws, err := c.dial()
	if err != nil {
		return err
	}
	defer ws.Close()
	return echo(ws, size)
}

// spdy sends bytes in a session, which the backend sends back.
func (c *client) spdy(ctx context.Context, size int) error {
	roundTripper, upgrader, err := spdy.RoundTripperFor(c.config)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.config.Host+c.path+"/proxy/spdy", nil)
	if err != nil {
		return err
	}
	conn, protocol, err := spdy.NewDialer(upgrader, &http.Client{Transport: roundTripper}, request.Method, request.URL).Dial(echoProtocol)
	if err != nil {
		return err
	}
	defer conn.Close()
	if protocol != echoProtocol {
		return fmt.Errorf("got the protocol %q", protocol)
	}
	stream, err := conn.CreateStream(http.Header{})
	if err != nil {
		return err
	}
	return echo(stream, size)
}

// echo writes random bytes and reads them back.
func echo(rw io.ReadWriter, size int) error {
	sent, got := make([]byte, size), make([]byte, size)
	_, _ = rand.Read(sent)
	written := make(chan error, 1)
	go func() {
		_, err := io.Copy(onlyWriter{rw}, bytes.NewReader(sent))
		written <- err
	}()
	if _, err := io.ReadFull(rw, got); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if err := <-written; err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if !bytes.Equal(sent, got) {
		return errors.New("the bytes that came back differ from those that were sent")
	}
	return nil
}

// onlyWriter makes io.Copy write pieces of 32 KB.
type onlyWriter struct{ io.Writer }

// many opens short sessions, one after another, and checks that nothing is left of them.
func (c *client) many(ctx context.Context) error {
	open := func(count int) error {
		for range count {
			if err := errors.Join(c.webSocket(16), c.spdy(ctx, 16)); err != nil {
				return err
			}
		}
		return nil
	}
	if err := open(10); err != nil {
		return err
	}
	before, err := c.goroutines()
	if err != nil {
		return err
	}
	if err := open(manySessions / 2); err != nil {
		return err
	}
	var after [2]int
	err = wait.PollUntilContextTimeout(ctx, time.Second, 30*time.Second, true, func(context.Context) (done bool, err error) {
		after, err = c.goroutines()
		return after[0] < before[0]+extraGoroutines && after[1] < before[1]+extraGoroutines, err
	})
	if wait.Interrupted(err) {
		return fmt.Errorf("after %d sessions, the control plane and the apiserver have %v goroutines, and had %v", manySessions, after, before)
	}
	return err
}

var goroutineCount = regexp.MustCompile(`(?m)(?:^go_goroutines |"message":")(\d+)`)

// goroutines returns the numbers of goroutines of the control plane and of the apiserver.
func (c *client) goroutines() (counts [2]int, err error) {
	for i, path := range []string{"/metrics", c.path + "/report"} {
		_, body, err := c.get(path)
		if err != nil {
			return counts, err
		}
		m := goroutineCount.FindStringSubmatch(body)
		if m == nil {
			return counts, fmt.Errorf("no number of goroutines in %s: %.200s", path, body)
		}
		if counts[i], err = strconv.Atoi(m[1]); err != nil {
			return counts, err
		}
	}
	return counts, nil
}

// watch reads an endless answer for longer than the timeout of requests.
func (c *client) watch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, longWatch)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.config.Host+c.path+"/proxy/watch?watch=true", nil)
	if err != nil {
		return err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	n, err := io.Copy(io.Discard, response.Body)
	if !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("it ended after %d bytes: %v", n, err)
	}
	if want := int64(longWatch/watchInterval) / 2; n < want {
		return fmt.Errorf("got %d bytes, want %d at least", n, want)
	}
	return nil
}

// cut checks that a session ends when the backend does.
func (c *client) cut(b *backend) error {
	ws, err := c.dial()
	if err != nil {
		return err
	}
	defer ws.Close()
	if err := echo(ws, 16); err != nil {
		return err
	}
	b.kill()
	if err := ws.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	if n, err := ws.Read(make([]byte, 1)); n > 0 || err == nil || os.IsTimeout(err) {
		return fmt.Errorf("got %d bytes and %v, want an end", n, err)
	}
	return nil
}

// unavailable checks the errors when there is no backend.
func (c *client) unavailable() error {
	code, body, err := c.get(c.path + "/proxy/some/path")
	if err != nil || code != http.StatusServiceUnavailable || !strings.Contains(body, `"reason": "ServiceUnavailable"`) || !strings.Contains(body, "error trying to reach service") {
		return fmt.Errorf("got %d %q %v, want the status of an unavailable service", code, body, err)
	}
	if _, err := c.dial(); err == nil {
		return errors.New("a session was opened")
	}
	return nil
}
