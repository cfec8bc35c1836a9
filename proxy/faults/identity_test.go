package faults_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// forgedIdentity uses trailers, and the front proxy's name. Other tests use headers.
func (s *suite) forgedIdentity(t *testing.T) {
	s.bothProtocols(t, func(t *testing.T, b *proxytest.Backend) {
		trailers := make(chan http.Header, 1)
		b.Handle("trailers", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			trailers <- r.Trailer
			b.Default(w, r)
		})
		for _, client := range s.clients(t) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+b.Path("trailers"), io.MultiReader(strings.NewReader("x")))
			if err != nil {
				t.Fatal(err)
			}
			request.Trailer = http.Header{"X-Remote-User": {"system:admin"}, "X-Remote-Group": {masters}, "X-Remote-Extra-Scopes": {"forged"}}
			response, err := client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			a, err := proxytest.ReadAnswer(response)
			if err != nil {
				t.Fatal(err)
			}
			seen := a.Echo(t)
			wantUser(t, "forged trailers", seen.Header, userName, masters, "system:authenticated")
			for name, values := range <-trailers {
				if len(values) > 0 {
					t.Errorf("trailer %s reaches the backend: %q", name, values)
				}
			}
		}
		// A certificate of the clients' CA is not the front proxy's, whatever its name.
		forged := http.Header{"X-Remote-User": {"system:admin"}, "X-Remote-Group": {"system:nodes"}}
		a, err := s.Try(t.Context(), s.HTTPClient(t, "front-proxy-client", masters), http.MethodGet, b.Path("things"), forged, nil)
		if err != nil {
			t.Fatal(err)
		}
		wantUser(t, "the front proxy's name", a.Echo(t).Header, "front-proxy-client", masters, "system:authenticated")
		a, err = s.Try(t.Context(), s.HTTPClient(t, ""), http.MethodGet, b.Path("things"), forged, nil)
		if err != nil {
			t.Fatal(err)
		}
		a.WantStatus(t, http.StatusForbidden)
		if !strings.Contains(a.Body, `User \"system:anonymous\"`) && !strings.Contains(a.Body, `User "system:anonymous"`) {
			t.Errorf("without a certificate one is %s", a.Body)
		}
	})
}

// wantUser checks that the identity in the headers is exactly the user's.
func wantUser(t *testing.T, what string, header http.Header, user string, groups ...string) {
	t.Helper()
	got := http.Header{}
	for name, values := range header {
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "x-remote-") && !strings.HasPrefix(lower, "x-remote-extra-authentication.kubernetes.io") {
			got[name] = values
		}
	}
	if diff := cmp.Diff(http.Header{"X-Remote-User": {user}, "X-Remote-Group": groups}, got); diff != "" {
		t.Errorf("%s: identity at the backend (-want +got):\n%s", what, diff)
	}
}

// forgedFrames sends header fields that HTTP/2 forbids, and that Go's client would not send. Either the request fails, or the
// identity is the real one.
func (s *suite) forgedFrames(t *testing.T) {
	b := s.backend(t, proxytest.BackendOptions{})
	for _, fields := range [][]hpack.HeaderField{
		{{Name: "x-remote-user", Value: "system:admin"}},
		{{Name: "X-Remote-User", Value: "system:admin"}},
		{{Name: "X-REMOTE-USER", Value: "system:admin"}, {Name: "X-Remote-Group", Value: "system:nodes"}},
		{{Name: "x-remote-user", Value: "system:admin", Sensitive: true}},
		{{Name: "x-remote-user:", Value: "system:admin"}},
		{{Name: ":x-remote-user", Value: "system:admin"}},
		{{Name: "x-remote-user ", Value: "system:admin"}},
		{{Name: "x-remote-user\r\nx-remote-user", Value: "system:admin"}},
		{{Name: "x-custom", Value: "a\r\nX-Remote-User: system:admin"}},
		{{Name: "x-custom", Value: "a\nX-Remote-User: system:admin"}},
		{{Name: "connection", Value: "x-remote-user"}},
		{{Name: "connection", Value: "upgrade"}, {Name: "upgrade", Value: "websocket"}},
		{{Name: "transfer-encoding", Value: "chunked"}},
		{{Name: "te", Value: "chunked"}},
		{{Name: "content-length", Value: "90"}},
		{{Name: "content-length", Value: "0"}, {Name: "content-length", Value: "90"}},
		{{Name: "host", Value: "other"}},
		{{Name: ":path", Value: b.Path("other")}},
		{{Name: ":authority", Value: "other"}},
		{{Name: ":protocol", Value: "websocket"}},
	} {
		for method, target := range map[string]string{
			"GET":             b.Path("things"),
			"POST":            b.Path("things"),
			"CONNECT":         b.Path("things"),
			"GET / HTTP/1.1":  b.Path("things"),
			"OPTIONS":         b.Path("things") + " HTTP/1.1\r\nX-Remote-User: system:admin\r\n\r\n",
			"GET\r\nX-Remote": b.Path("things"),
		} {
			s.sendFrames(t, method, target, fields)
		}
	}
	requests := b.Requests("things")
	t.Logf("%d of the requests reached the backend", len(requests))
	if len(requests) == 0 {
		t.Error("nothing reached the backend: this shows nothing")
	}
	for _, request := range requests {
		wantUser(t, fmt.Sprintf("%s %s %q", request.Method, request.Target, request.Header), request.Header, userName, masters, "system:authenticated")
		if !slices.Contains([]string{http.MethodGet, http.MethodPost, http.MethodConnect}, request.Method) || request.Target != b.Path("things") {
			t.Errorf("the backend received %s %s", request.Method, request.Target)
		}
	}
}

// sendFrames sends a request with the unchanged fields, and waits for its end.
func (s *suite) sendFrames(t *testing.T, method, target string, fields []hpack.HeaderField) {
	t.Helper()
	conn := s.connect(t, http2.NextProtoTLS)
	defer conn.Close()
	conn.write(t, http2.ClientPreface)
	framer := http2.NewFramer(conn, conn)
	if err := framer.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for _, field := range append([]hpack.HeaderField{
		{Name: ":method", Value: method}, {Name: ":scheme", Value: "https"}, {Name: ":authority", Value: "faults"}, {Name: ":path", Value: target},
	}, fields...) {
		if err := encoder.WriteField(field); err != nil {
			t.Fatal(err)
		}
	}
	const stream = 1
	if err := framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block.Bytes(), EndStream: true, EndHeaders: true}); err != nil {
		t.Fatal(err)
	}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			if timedOut(err) {
				t.Errorf("%s %q %q is never answered", method, target, fields)
			}
			return
		}
		header := frame.Header()
		ended := header.StreamID == stream && (header.Flags.Has(http2.FlagDataEndStream) || header.Type == http2.FrameRSTStream)
		if ended || header.Type == http2.FrameGoAway {
			return
		}
	}
}
