package hosts_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// TestHostStoppedOrLost stops the process on a host for longer than the detection of a lost host takes. Requests then continue.
// When the host is lost, they must end.
func TestHostStoppedOrLost(t *testing.T) {
	const stopped, stalled, noticed = 7 * time.Second, 2 * time.Second, 7 * time.Second
	cp := proxytest.Start(t)
	b, hosts := register(t, cp, 1)
	streams := map[string]*stream{
		"a watch":                              openStream(t, cp, b.Path("watched")+"?watch=true", nil),
		"a tunnel":                             openStream(t, cp, b.Path("echo"), nil),
		"a tunnel with little to send":         openStream(t, cp, b.Path("echo"), func(w io.Writer) error { return send(w, 1, 100*time.Millisecond) }),
		"a tunnel with more to send than fits": openStream(t, cp, b.Path("echo"), func(w io.Writer) error { return send(w, 64<<10, 0) }),
	}
	goesOn := func() {
		t.Helper()
		for name, s := range streams {
			before := s.received.Load()
			if name == "a tunnel" {
				fmt.Fprint(s.conn, "hello")
			}
			proxytest.Eventually(t, "news from "+name, proxytest.Patience, func(context.Context) error {
				if n := s.received.Load() - before; n < 5 {
					return fmt.Errorf("%d bytes came, ended: %v", n, s.over())
				}
				return nil
			})
		}
	}
	goesOn()
	hosts[0].pause(t)
	sleep(t, stopped)
	hosts[0].goOn(t)
	goesOn()

	hosts[0].pause(t)
	sleep(t, stalled)
	for name, s := range streams {
		if s.over() {
			t.Errorf("%s has ended while the host was there", name)
		}
	}
	lost := time.Now()
	hosts[0].unplug(t)
	for name, s := range streams {
		limit := noticed
		if strings.Contains(name, "more") {
			// The kernel probes for free buffer space less and less often: here, after the same time again at most.
			limit += stalled + 3*time.Second
		}
		select {
		case <-s.ended:
			t.Logf("%s ended %s after the host", name, s.at.Sub(lost).Round(100*time.Millisecond))
			if s.at.Sub(lost) > limit {
				t.Errorf("that is more than %s", limit)
			}
		case <-time.After(time.Until(lost.Add(3 * limit))):
			t.Errorf("%s goes on %s after the host", name, time.Since(lost))
		}
	}
	hosts[0].plugIn(t)
	hosts[0].goOn(t)
	b.WaitServed(t, cp)
}

// stream is a watch or a tunnel over HTTP/1.1, which is read to its end.
type stream struct {
	conn     *tls.Conn
	received atomic.Int64
	ended    chan struct{}
	at       time.Time // the time of its end
}

// openStream opens a stream, and calls send on it until that fails.
func openStream(t *testing.T, cp *proxytest.ControlPlane, target string, send func(io.Writer) error) *stream {
	t.Helper()
	config := cp.TLSConfig(t, "jane", "system:masters")
	config.NextProtos = []string{"http/1.1"}
	conn, err := tls.Dial("tcp", strings.TrimPrefix(cp.URL, "https://"), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	upgrade := "Connection: Upgrade\r\nUpgrade: echo\r\n"
	if strings.Contains(target, "watch") {
		upgrade = ""
	}
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: e2e\r\n%s\r\n", target, upgrade)
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, nil)
	if err != nil || response.StatusCode >= http.StatusBadRequest {
		t.Fatalf("%+v %v", response, err)
	}
	s := &stream{conn: conn, ended: make(chan struct{})}
	body := io.Reader(reader)
	if upgrade == "" {
		body = response.Body
	}
	go func() {
		_, _ = io.Copy(s, body)
		s.at = time.Now()
		close(s.ended)
	}()
	if send != nil {
		go func() { _ = send(conn) }() // until the end
	}
	return s
}

// Write counts the data that was read. It implements io.Writer.
func (s *stream) Write(p []byte) (int, error) {
	s.received.Add(int64(len(p)))
	return len(p), nil
}

func (s *stream) over() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// send writes a number of bytes repeatedly until that fails.
func send(w io.Writer, size int, pause time.Duration) error {
	for {
		if _, err := w.Write(make([]byte, size)); err != nil {
			return err
		}
		time.Sleep(pause)
	}
}
