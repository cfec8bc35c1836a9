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

// malformedUpgrades asks for upgrades in ways nobody should, of a path where the backend never agrees and of one where it
// agrees to anything: each is answered, and nothing stays.
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

// malformedUpgrade sends the headers, and more bytes, which with some of them are the body.
func (s *suite) malformedUpgrade(t *testing.T, b *proxytest.Backend, protocol string, headers []string) {
	t.Helper()
	head := strings.Join(append([]string{" " + protocol, "Host: faults"}, headers...), "\r\n") + "\r\n\r\n"
	const body = "0\r\n\r\n....." // the end of chunks, or the ten bytes announced
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

// smugglingPastUpgrade goes on talking after an upgrade was refused, as if there were a tunnel to the backend, where the
// front proxy's word is trusted (CVE-2018-1002105).
func (s *suite) smugglingPastUpgrade(t *testing.T) {
	s.bothProtocols(t, func(t *testing.T, b *proxytest.Backend) {
		for _, status := range []int{200, 204, 301, 400, 403, 404, 426, 500, 503} {
			path := fmt.Sprintf("refused/%d", status)
			b.Handle(path, proxytest.Respond(status, http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}, ""))
			conn := s.connect(t)
			// The second follows at once, and again after the answer to the first.
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

// unaskedUpgrades has the backend answer 101 to requests that are no upgrades: no client gets a tunnel, and the connection
// is closed, so that no request is ever sent on it.
func (s *suite) unaskedUpgrades(t *testing.T) {
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
			said, err := proxytest.RawHeard(w, "HTTP/1.1 101 Switching Protocols\r\n"+headers+"\r\n", soon)
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
	// HTTP/2 has informational responses, which are passed on, but no 101.
	b = s.backend(t, proxytest.BackendOptions{})
	b.Handle("switches", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusSwitchingProtocols)
		_, _ = io.WriteString(w, "never mind")
	})
	t.Run("over_HTTP2", func(t *testing.T) { s.wantNoTunnel(t, "GET "+b.Path("switches")+"?watch=true") })
}

// wantNoTunnel sends a request over HTTP/1.1, where a tunnel could be had, and wants to be told that there is none.
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
