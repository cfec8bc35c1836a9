package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// response checks which parts of the backend's response reach the client.
func (s *suite) response(t *testing.T) {
	http1 := s.backend(t, proxytest.BackendOptions{HTTP1: true})
	http2 := s.backend(t, proxytest.BackendOptions{})
	run(t, "statuses_and_bodies_pass", func(t *testing.T) {
		for _, b := range []*proxytest.Backend{http1, http2} {
			for _, status := range []int{200, 201, 202, 203, 400, 404, 409, 410, 418, 422, 429, 500, 501, 502, 503, 504} {
				body := fmt.Sprintf(`{"code":%d}`, status)
				path := fmt.Sprintf("status/%d", status)
				b.Handle(path, proxytest.Respond(status, http.Header{"Content-Type": {"application/x-test"}}, body))
				a := s.get(t, b.Path(path))
				a.Want(t, status, body)
				a.WantHeader(t, "Content-Type", "application/x-test")
			}
		}
	})
	run(t, "304_passes", func(t *testing.T) {
		for _, b := range []*proxytest.Backend{http1, http2} {
			b.Handle("unchanged", proxytest.Respond(http.StatusNotModified, http.Header{"Etag": {`"1"`}}, ""))
			a := s.send(t, s.client, http.MethodGet, b.Path("unchanged"), http.Header{"If-None-Match": {`"1"`}}, "")
			a.Want(t, http.StatusNotModified, "")
			a.WantHeader(t, "Etag", `"1"`)
		}
	})
	run(t, "exactly_these_headers_reach_the_client", func(t *testing.T) {
		for _, b := range []*proxytest.Backend{http1, http2} {
			s.responseHeaders(t, b)
		}
	})
	s.rewrittenResponses(t, http1, http2)
	s.unrequestedUpgrades(t, http1)
	for protocol, b := range map[string]*proxytest.Backend{"HTTP1": http1, "HTTP2": http2} {
		run(t, "chunks_arrive_as_they_come_over_"+protocol, func(t *testing.T) {
			s.chunks(t, b, "chunks?watch=true")
			s.chunks(t, b, "chunks")
		})
		run(t, "truncated_bodies_are_errors_over_"+protocol, func(t *testing.T) { s.truncated(t, b) })
		run(t, "a_client_that_goes_ends_the_request_over_"+protocol, func(t *testing.T) { s.clientGoes(t, b) })
	}
}

// rewrittenResponses lists responses that the aggregation layer changes, and similar ones that it does not.
func (s *suite) rewrittenResponses(t *testing.T, http1, http2 *proxytest.Backend) {
	run(t, "CORS_headers_are_stripped", func(t *testing.T) { s.corsHeaders(t, http2) })
	run(t, "hop_by_hop_headers_are_dropped", func(t *testing.T) {
		http1.Handle("hop", proxytest.Respond(http.StatusOK, http.Header{"Connection": {"X-Hop"}, "X-Hop": {"1"}, "Keep-Alive": {"timeout=5"}, "X-End": {"1"}}, ""))
		a := s.get(t, http1.Path("hop"))
		for _, name := range []string{"Connection", "X-Hop", "Keep-Alive"} {
			a.WantHeader(t, name)
		}
		a.WantHeader(t, "X-End", "1")
	})
	run(t, "trailers_of_watches_pass", func(t *testing.T) {
		for _, b := range []*proxytest.Backend{http1, http2} {
			b.Handle("trailer", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Trailer", "X-Sum")
				_, _ = io.WriteString(w, "body")
				w.Header().Set("X-Sum", "42")
			})
			a := s.get(t, b.Path("trailer")+"?watch=true")
			a.Want(t, http.StatusOK, "body")
			if diff := cmp.Diff(http.Header{"X-Sum": {"42"}}, a.Trailer); diff != "" {
				t.Errorf("trailers (-want +got):\n%s", diff)
			}
		}
	})
	run(t, "informational_responses_pass", func(t *testing.T) {
		s.earlyHints(t, http1)
		s.earlyHints(t, http2)
	})
	run(t, "compression_is_the_client's_choice", func(t *testing.T) {
		const zipped = "not really zipped"
		http2.Handle("zipped", func(w http.ResponseWriter, r *http.Request) {
			proxytest.Respond(http.StatusOK, http.Header{"Content-Encoding": {"gzip"}}, zipped)(w, r)
		})
		a := s.send(t, s.client, http.MethodGet, http2.Path("zipped"), http.Header{"Accept-Encoding": {"gzip"}}, "")
		a.Want(t, http.StatusOK, zipped)
		a.WantHeader(t, "Content-Encoding", "gzip")
		s.get(t, http2.Path("things")).WantHeader(t, "Content-Encoding")
	})
	run(t, "links_in_HTML_lead_to_the_backend", func(t *testing.T) {
		const page = `<html><body><a href="%s/elsewhere">x</a> <a href="https://other.example.com/">y</a> <a href="z">z</a></body></html>`
		http2.Handle("page", proxytest.Respond(http.StatusOK, http.Header{"Content-Type": {"text/html"}}, fmt.Sprintf(page, "")))
		s.get(t, http2.Path("page")).Want(t, http.StatusOK, fmt.Sprintf(page, "https://"+forwardedHost(http2)))
	})
}

// earlyHints makes the backend send 103 before its response, to a watch and to another request.
func (s *suite) earlyHints(t *testing.T, b *proxytest.Backend) {
	t.Helper()
	const link = "</style.css>; rel=preload"
	b.Handle("early", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", link)
		w.WriteHeader(http.StatusEarlyHints)
		_, _ = io.WriteString(w, "body")
	})
	for _, query := range []string{"", "?watch=true"} {
		var got []string
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(status int, header textproto.MIMEHeader) error {
			got = append(got, fmt.Sprint(status, header["Link"]))
			return nil
		}})
		a, err := s.Try(ctx, s.client, http.MethodGet, b.Path("early")+query, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		a.Want(t, http.StatusOK, "body")
		if diff := cmp.Diff([]string{fmt.Sprint(http.StatusEarlyHints, []string{link})}, got); diff != "" {
			t.Errorf("informational responses (-want +got):\n%s", diff)
		}
	}
}

func (s *suite) responseHeaders(t *testing.T, b *proxytest.Backend) {
	b.Handle("headers", proxytest.Respond(http.StatusOK, http.Header{
		"Content-Type": {"application/json"}, "Etag": {`"1"`}, "Warning": {`299 - "a"`, `299 - "b"`}, "Set-Cookie": {"c=d"},
		"X-Custom": {"a", "b"}, "Server": {"backend"}, "Retry-After": {"1"}, "Date": {"Thu, 01 Jan 1970 00:00:00 GMT"},
		"Cache-Control": {"max-age=1"}, "Audit-Id": {"backend's"},
	}, "{}"))
	a := s.get(t, b.Path("headers"))
	for name, fresh := range map[string]int{"Audit-Id": 1, "X-Kubernetes-Pf-Flowschema-Uid": 1, "X-Kubernetes-Pf-Prioritylevel-Uid": 1} {
		// The aggregation layer's own value is the first.
		if values := a.Header.Values(name); len(values) < fresh || values[0] == "" {
			t.Errorf("%s is %q", name, values)
			continue
		}
		a.Header[name] = a.Header[name][fresh:]
	}
	want := http.Header{
		"Content-Type": {"application/json"}, "Content-Length": {"2"}, "Etag": {`"1"`}, "Warning": {`299 - "a"`, `299 - "b"`}, "Set-Cookie": {"c=d"},
		"X-Custom": {"a", "b"}, "Server": {"backend"}, "Retry-After": {"1"}, "Date": {"Thu, 01 Jan 1970 00:00:00 GMT"},
		"Cache-Control": {"no-cache, private", "max-age=1"}, "Audit-Id": {"backend's"},
		"X-Kubernetes-Pf-Flowschema-Uid": {}, "X-Kubernetes-Pf-Prioritylevel-Uid": {},
	}
	if diff := cmp.Diff(want, a.Header); diff != "" {
		t.Errorf("headers at the client (-want +got):\n%s", diff)
	}
}

func (s *suite) corsHeaders(t *testing.T, b *proxytest.Backend) {
	stripped := []string{"Access-Control-Allow-Credentials", "Access-Control-Allow-Headers", "Access-Control-Allow-Methods", "Access-Control-Allow-Origin"}
	header := http.Header{"Access-Control-Expose-Headers": {"X-Custom"}, "Access-Control-Max-Age": {"1"}, "Vary": {"Origin"}}
	for _, name := range stripped {
		header[name] = []string{"*"}
	}
	for _, status := range []int{http.StatusOK, http.StatusForbidden} {
		b.Handle("cors", proxytest.Respond(status, header, "{}"))
		a := s.send(t, s.client, http.MethodGet, b.Path("cors"), http.Header{"Origin": {"https://elsewhere.example.com"}}, "")
		a.Want(t, status, "{}")
		for _, name := range stripped {
			a.WantHeader(t, name)
		}
		for _, name := range []string{"Access-Control-Expose-Headers", "Access-Control-Max-Age", "Vary"} {
			a.WantHeader(t, name, header[name]...)
		}
	}
}

// chunks makes the backend send the next chunk only when the client has received the last.
func (s *suite) chunks(t *testing.T, b *proxytest.Backend, path string) {
	chunks := make(chan string)
	b.Handle("chunks", proxytest.Stream(chunks))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+b.Path(path), nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := s.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	for _, chunk := range []string{"one\n", "two\n", strings.Repeat("three", 10_000) + "\n"} {
		chunks <- chunk
		got := make([]byte, len(chunk))
		if _, err := io.ReadFull(response.Body, got); err != nil || string(got) != chunk {
			t.Fatalf("got %d bytes of a chunk of %d: %v", len(got), len(chunk), err)
		}
	}
	close(chunks)
	if rest, err := io.ReadAll(response.Body); err != nil || len(rest) > 0 {
		t.Errorf("at the end: %q %v", rest, err)
	}
}

func (s *suite) truncated(t *testing.T, b *proxytest.Backend) {
	b.Handle("truncated", proxytest.CloseMidBody)
	if a, err := s.Try(t.Context(), s.client, http.MethodGet, b.Path("truncated"), nil, nil); err == nil {
		t.Errorf("no error but %d %q", a.Status, a.Body)
	}
	// The beginning of the response may have been sent or not.
	conn := s.connect(t)
	conn.write(t, "GET "+b.Path("truncated")+" HTTP/1.1\r\nHost: conformance\r\n\r\n")
	response, err := http.ReadResponse(conn.reader, nil)
	if err == nil {
		_, err = io.ReadAll(response.Body)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the error is %v, want %v", err, io.ErrUnexpectedEOF)
	}
}

func (s *suite) clientGoes(t *testing.T, b *proxytest.Backend) {
	arrived, gone := make(chan struct{}), make(chan struct{})
	b.Handle("endless", func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		proxytest.Hang(w, r)
		close(gone)
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+b.Path("endless")+"?watch=true", nil)
	if err != nil {
		t.Fatal(err)
	}
	if response, err := s.client.Do(request); err == nil {
		t.Errorf("a request given up answers %s", response.Status)
	}
	proxytest.Eventually(t, "end of the backend's request", proxytest.Patience, func(ctx context.Context) error {
		select {
		case <-gone:
			return nil
		case <-ctx.Done():
			return errors.New("it goes on")
		}
	})
}
