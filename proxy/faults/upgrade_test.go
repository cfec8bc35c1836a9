package faults_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// malformedUpgrades requests invalid upgrades, of a path where the backend refuses upgrades and of one where it accepts all. Each
// must get a response, and no connection may leak.
func (s *suite) malformedUpgrades(t *testing.T) {
	b := s.backend(t, proxytest.BackendOptions{})
	b.Handle("agrees", proxytest.EchoUpgrade)
	const key, version = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"
	webSocket := []string{"Connection: Upgrade", "Upgrade: websocket"}
	for name, headers := range map[string][]string{
		"no_protocol":               {"Connection: Upgrade"},
		"empty_protocol":            {"Connection: Upgrade", "Upgrade: "},
		"unknown_protocol":          {"Connection: Upgrade", "Upgrade: gopher/9"},
		"cleartext_HTTP2":           {"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"},
		"long_protocol":             {"Connection: Upgrade", "Upgrade: " + strings.Repeat("x", 64<<10)},
		"odd_bytes":                 {"Connection: Upgrade", "Upgrade: \x01\xff websocket"},
		"no_connection_header":      {"Upgrade: websocket"},
		"connection_close":          {"Connection: Upgrade, close", "Upgrade: websocket", key},
		"connection_in_parts":       {"Connection: ,, Upgrade ,,Upgrade", "Connection: keep-alive", "Upgrade: SPDY/3.1"},
		"connection_drops_upgrade":  {"Connection: Upgrade, Sec-WebSocket-Key", "Upgrade: websocket", key},
		"connection_with_parameter": {"Connection: Upgrade;q=1", "Upgrade: websocket"},
		"no_key":                    append(webSocket, version),
		"short_key":                 append(webSocket, version, "Sec-WebSocket-Key: eA=="),
		"two_keys":                  append(webSocket, version, key, "Sec-WebSocket-Key: b3RoZXI="),
		"old_version":               append(webSocket, key, "Sec-WebSocket-Version: 0"),
		"token_of_nobody":           append(webSocket, key, version, "Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.eA, v4.channel.k8s.io"),
		"body_announced":            append(webSocket, key, "Content-Length: 10"),
		"body_in_chunks":            append(webSocket, key, "Transfer-Encoding: chunked"),
	} {
		t.Run(name, func(t *testing.T) { s.malformedUpgrade(t, b, "HTTP/1.1", headers) })
	}
	t.Run("HTTP1.0", func(t *testing.T) { s.malformedUpgrade(t, b, "HTTP/1.0", webSocket) })
	s.upgraded(t, b.Path("agrees")).roundTrip(t)
	proxytest.Eventually(t, "end of the connections at the backend", proxytest.Patience, func(context.Context) error {
		const probes = 10
		if open := b.OpenConnections(); open > probes {
			return fmt.Errorf("%d are open", open)
		}
		return nil
	})
}

// malformedUpgrade sends the headers, and more bytes, which are the body of some requests.
func (s *suite) malformedUpgrade(t *testing.T, b *proxytest.Backend, protocol string, headers []string) {
	t.Helper()
	head := strings.Join(append([]string{" " + protocol, "Host: faults"}, headers...), "\r\n") + "\r\n\r\n"
	const body = "0\r\n\r\n....." // the last chunk, or the body with ten bytes
	for i := range often {
		agrees := i%2 == 0
		conn := s.connect(t)
		conn.write(t, "GET "+b.Path(map[bool]string{true: "agrees", false: "things"}[agrees])+head+body)
		response, err := http.ReadResponse(conn.reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !agrees && response.StatusCode == http.StatusSwitchingProtocols {
			t.Errorf("%q is agreed to, and not by the backend", headers)
		}
		conn.Close()
	}
}

// smugglingPastUpgrade sends requests after a refused upgrade, as if there were a tunnel to the backend, which trusts the front
// proxy (CVE-2018-1002105).
func (s *suite) smugglingPastUpgrade(t *testing.T) {
	s.bothProtocols(t, func(t *testing.T, b *proxytest.Backend) {
		for _, status := range []int{200, 204, 301, 400, 403, 404, 426, 500, 503} {
			path := fmt.Sprintf("refused/%d", status)
			b.Handle(path, proxytest.Respond(status, http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}, ""))
			conn := s.connect(t)
			// The second request follows at once, and again after the response to the first.
			smuggled := "GET " + b.Path("smuggled") + " HTTP/1.1\r\nHost: faults\r\nX-Remote-User: system:admin\r\nX-Remote-Group: system:masters\r\n\r\n"
			conn.write(t, "GET "+b.Path(path)+" HTTP/1.1\r\nHost: faults\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"+smuggled)
			if response, err := http.ReadResponse(conn.reader, nil); err != nil || response.StatusCode == http.StatusSwitchingProtocols {
				t.Fatalf("a refused upgrade: %+v %v", response, err)
			}
			go func() { _, _ = conn.Write([]byte(smuggled + smuggled)) }() // the connection may have been closed
			if err := conn.CloseWrite(); err != nil {
				t.Log(err)
			}
			_, _ = ends(t, "a connection after a refused upgrade", bufio.NewReader(conn))
		}
		for _, request := range b.Requests("smuggled") {
			wantUser(t, "a request after a refused upgrade", request.Header, userName, masters, "system:authenticated")
		}
	})
}

// unrequestedUpgrades makes the backend respond with 101 to requests that are not upgrades. No client may get a tunnel, and the
// connection must be closed, so that no request is sent on it.
func (s *suite) unrequestedUpgrades(t *testing.T) {
	b := s.backend(t, proxytest.BackendOptions{HTTP1: true})
	type heard struct {
		said string
		err  error
	}
	for name, headers := range map[string]string{
		"to_a_protocol": "Connection: Upgrade\r\nUpgrade: x\r\n",
		"to_nothing":    "Connection: Upgrade\r\n",
		"barely":        "",
	} {
		after := make(chan heard, 1)
		b.Handle(name, func(w http.ResponseWriter, _ *http.Request) {
			said, err := proxytest.RawThenRead(w, "HTTP/1.1 101 Switching Protocols\r\n"+headers+"\r\n", soon)
			after <- heard{said, err}
		})
		for _, request := range []string{"GET " + b.Path(name), "POST " + b.Path(name), "GET " + b.Path(name) + "?watch=true"} {
			t.Run(name+"/"+request[:strings.Index(request, " ")]+request[len(request)-1:], func(t *testing.T) {
				s.wantNoTunnel(t, request)
				if h := <-after; h.said != "" || !errors.Is(h.err, io.EOF) {
					t.Errorf("on the backend's connection comes %q %v, want its end", h.said, h.err)
				}
			})
		}
	}
	// HTTP/2 passes on informational responses, but has no 101.
	b = s.backend(t, proxytest.BackendOptions{})
	b.Handle("switches", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusSwitchingProtocols)
		_, _ = io.WriteString(w, "never mind")
	})
	t.Run("over_HTTP2", func(t *testing.T) { s.wantNoTunnel(t, "GET "+b.Path("switches")+"?watch=true") })
}

// wantNoTunnel sends a request over HTTP/1.1, which has tunnels, and checks that it gets an error.
func (s *suite) wantNoTunnel(t *testing.T, request string) {
	t.Helper()
	conn := s.connect(t)
	conn.write(t, request+" HTTP/1.1\r\nHost: faults\r\nContent-Length: 0\r\n\r\n")
	response, err := http.ReadResponse(conn.reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%s answers %s", request, response.Status)
	}
	conn.Close()
}
