package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"k8s.io/client-go/tools/remotecommand"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// upgrade checks connections that switch protocols.
func (s *suite) upgrade(t *testing.T) {
	b := s.backend(t, proxytest.BackendOptions{})
	b.Handle("echo", proxytest.EchoUpgrade)
	b.Handle("exec", proxytest.Exec)
	run(t, "bytes_pass_both_ways", func(t *testing.T) {
		for _, connection := range []string{"Upgrade", "upgrade", "keep-alive, Upgrade"} {
			conn := s.upgraded(t, b.Path("echo"), "Connection: "+connection, "Upgrade: anything")
			for _, said := range []string{"hello", strings.Repeat("all of it ", 50_000)} {
				go func() { _, _ = io.WriteString(conn, said) }() // both directions at once, because it is more than buffers hold
				heard := make([]byte, len(said))
				if _, err := io.ReadFull(conn.reader, heard); err != nil || string(heard) != said {
					t.Fatalf("%d bytes came back of %d: %v", len(heard), len(said), err)
				}
			}
		}
	})
	run(t, "headers_are_as_of_other_requests", func(t *testing.T) { s.upgradeHeaders(t, b) })
	run(t, "SPDY", func(t *testing.T) {
		target, err := url.Parse(s.URL + b.Path("exec"))
		if err != nil {
			t.Fatal(err)
		}
		executor, err := remotecommand.NewSPDYExecutor(s.Config(t), http.MethodPost, target)
		if err != nil {
			t.Fatal(err)
		}
		s.exec(t, executor)
	})
	run(t, "WebSocket", func(t *testing.T) {
		executor, err := remotecommand.NewWebSocketExecutorForProtocols(s.Config(t), http.MethodGet, s.URL+b.Path("exec"), "v4.channel.k8s.io")
		if err != nil {
			t.Fatal(err)
		}
		s.exec(t, executor)
	})
	s.refusedUpgrades(t, b)
	run(t, "the_backend's_end_is_the_client's", func(t *testing.T) {
		b.Handle("bye", proxytest.Raw("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nbye"))
		conn := s.upgraded(t, b.Path("bye"), "Connection: Upgrade", "Upgrade: x")
		if rest, err := io.ReadAll(conn.reader); err != nil || string(rest) != "bye" {
			t.Errorf("got %q %v", rest, err)
		}
	})
	run(t, "the_client's_end_is_the_backend's", func(t *testing.T) {
		ended := make(chan struct{})
		b.Handle("ends", func(w http.ResponseWriter, r *http.Request) {
			proxytest.EchoUpgrade(w, r)
			close(ended)
		})
		s.upgraded(t, b.Path("ends"), "Connection: Upgrade", "Upgrade: x").Close()
		proxytest.Eventually(t, "end at the backend", proxytest.Patience, func(ctx context.Context) error {
			select {
			case <-ended:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
}

// upgraded returns a connection that the backend has upgraded.
func (s *suite) upgraded(t *testing.T, target string, headers ...string) *connection {
	t.Helper()
	conn := s.connect(t)
	response := conn.ask(t, append([]string{"GET " + target + " HTTP/1.1"}, headers...)...)
	if response.StatusCode != http.StatusSwitchingProtocols {
		body, _ := io.ReadAll(response.Body)
		t.Fatalf("GET %s answers %s %s, want an upgrade", target, response.Status, body)
	}
	return conn
}

// exec sends data to the backend with the protocol of kubectl exec.
func (s *suite) exec(t *testing.T, executor remotecommand.Executor) {
	t.Helper()
	said := strings.Repeat("said and heard\n", 5000) + "\x04"
	var heard bytes.Buffer
	// Stdin stays open. If its end arrived while the backend closes the connection, TCP could drop the data that comes back.
	silence, end := io.Pipe()
	defer end.Close()
	err := executor.StreamWithContext(t.Context(), remotecommand.StreamOptions{
		Stdin: io.MultiReader(strings.NewReader(said), silence), Stdout: &heard,
	})
	if err != nil || heard.String() != said {
		t.Errorf("%d bytes came back of %d: %v", heard.Len(), len(said), err)
	}
}

func (s *suite) upgradeHeaders(t *testing.T, b *proxytest.Backend) {
	b.Handle("headers", func(w http.ResponseWriter, r *http.Request) {
		seen, _ := json.Marshal(proxytest.Echo{Method: r.Method, Host: r.Host, Target: r.RequestURI, Proto: r.Proto, Header: r.Header, Peer: r.TLS.PeerCertificates[0].Subject.CommonName})
		proxytest.Raw(fmt.Sprintf("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\nX-Custom: back\r\n\r\n%s", seen))(w, r)
	})
	conn := s.connect(t)
	response := conn.ask(t, append([]string{
		"POST " + b.Path("headers") + "?b=2&a=1 HTTP/1.1", "Connection: Upgrade, X-Remote-User", "Upgrade: echo", "Audit-ID: chosen",
		"X-Forwarded-For: 192.0.2.1", "X-Custom: there", "Authorization: Bearer forged",
	}, forgeries...)...)
	if response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(response.Status)
	}
	proxytest.WantHeader(t, response.Header, "X-Custom", "back")
	proxytest.WantHeader(t, response.Header, "Upgrade", "echo")
	var seen proxytest.Echo
	if err := json.NewDecoder(conn.reader).Decode(&seen); err != nil {
		t.Fatal(err)
	}
	if seen.Method != http.MethodPost || seen.Target != b.Path("headers")+"?a=1&b=2" || seen.Proto != "HTTP/1.1" || seen.Host != forwardedHost(b) || seen.Peer != "front-proxy-client" {
		t.Errorf("the backend saw %+v", seen)
	}
	for name, values := range map[string][]string{
		"Upgrade": {"echo"}, "Audit-Id": {"chosen"}, "X-Custom": {"there"}, "Authorization": nil,
		"X-Forwarded-For": {"192.0.2.1, 127.0.0.1"}, "X-Forwarded-Host": nil, "X-Forwarded-Uri": nil, "X-Forwarded-Proto": nil,
		"X-Remote-User": {userName}, "X-Remote-Uid": nil, "X-Remote-Group": {masters, "system:authenticated"},
	} {
		proxytest.WantHeader(t, seen.Header, name, values...)
	}
	for name, values := range seen.Header {
		if strings.HasPrefix(name, "X-Remote-Extra-") && (name != extraKey || len(values) != 1 || values[0] == "forged") {
			t.Errorf("forged %s: %q", name, values)
		}
	}
}

// refusedUpgrades makes the backend answer requests for an upgrade without one.
func (s *suite) refusedUpgrades(t *testing.T, b *proxytest.Backend) {
	ask := func(t *testing.T, path string) proxytest.Answer {
		t.Helper()
		return s.raw(t, "GET "+b.Path(path)+" HTTP/1.1", "Connection: Upgrade", "Upgrade: x")
	}
	for _, status := range []int{200, 204, 302} {
		run(t, fmt.Sprintf("%d_is_an_error", status), func(t *testing.T) {
			path := fmt.Sprintf("refused/%d", status)
			b.Handle(path, proxytest.Respond(status, http.Header{"Location": {"/"}, "X-Custom": {"a"}}, ""))
			a := ask(t, path)
			wantPlain(t, a, http.StatusServiceUnavailable, fmt.Sprintf("invalid upgrade response: status code %d\n", status))
			a.WantHeader(t, "X-Custom")
		})
	}
	for _, status := range []int{400, 401, 403, 404, 500, 503} {
		run(t, fmt.Sprintf("%d_is_echoed", status), func(t *testing.T) {
			path, body := fmt.Sprintf("refused/%d", status), fmt.Sprintf("no, %d", status)
			b.Handle(path, proxytest.Respond(status, http.Header{"Content-Type": {"text/x-test"}, "X-Custom": {"a"}}, body))
			a := ask(t, path)
			a.Want(t, status, body)
			a.WantHeader(t, "X-Custom", "a")
			a.WantHeader(t, "Content-Type", "text/x-test")
		})
	}
	run(t, "nonsense_is_an_error", func(t *testing.T) {
		b.Handle("nonsense", proxytest.Raw("nonsense\r\n\r\n"))
		wantPlain(t, ask(t, "nonsense"), http.StatusServiceUnavailable, `malformed HTTP response "nonsense"`+"\n")
	})
	run(t, "no_response_is_an_error", func(t *testing.T) {
		b.Handle("nothing", proxytest.Raw(""))
		wantPlain(t, ask(t, "nothing"), http.StatusServiceUnavailable, "unexpected EOF\n")
	})
}
