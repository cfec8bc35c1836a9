package faults_test

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

const news = "news\n"

// tellNews starts a watch with one event.
func tellNews(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, news)
	_ = http.NewResponseController(w).Flush()
	die(w, r)
}

// die leaves a response incomplete when the backend is killed.
func die(w http.ResponseWriter, r *http.Request) {
	proxytest.Hang(w, r)
	panic(http.ErrAbortHandler)
}

// restart starts a killed backend again, after its APIService has become unavailable.
func (s *suite) restart(t *testing.T, b *proxytest.Backend) {
	t.Helper()
	s.WaitCondition(t, "v1."+b.Options.Group, "FailedDiscoveryCheck", nil)
	b.Start(t)
	b.WaitServed(t, s.ControlPlane)
}

// watch starts a watch and reads the first event.
func (s *suite) watch(t *testing.T, client *http.Client, target string) *http.Response {
	t.Helper()
	response := s.open(t, client, target+"?watch=true")
	event := make([]byte, len(news))
	if _, err := io.ReadFull(response.Body, event); err != nil || string(event) != news {
		t.Fatalf("a watch begins with %s %q: %v", response.Status, event, err)
	}
	return response
}

// killedMidWatch kills the backend of many watches. Each watch must end, without additional data.
func (s *suite) killedMidWatch(t *testing.T) {
	s.bothProtocols(t, func(t *testing.T, b *proxytest.Backend) {
		b.Handle("watched", tellNews)
		clients := s.clients(t)
		var watches []*http.Response
		for i := range often {
			watches = append(watches, s.watch(t, clients[i%len(clients)], b.Path("watched")))
		}
		b.Stop()
		for _, watch := range watches {
			if rest, _ := ends(t, "a watch", watch.Body); rest != "" {
				t.Errorf("the end of a watch is %q", rest)
			}
		}
		for _, client := range clients {
			a := s.get(t, client, b.Path("watched")+"?watch=true")
			a.WantStatus(t, http.StatusServiceUnavailable)
		}
		s.restart(t, b)
		for _, client := range clients {
			s.watch(t, client, b.Path("watched"))
		}
	})
}

// killedMidBody kills the backend when it has sent half of its responses. No client may see a complete response.
func (s *suite) killedMidBody(t *testing.T) {
	const half = 256 << 10
	begin := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", half))
		_ = http.NewResponseController(w).Flush()
		die(w, r)
	}
	s.bothProtocols(t, func(t *testing.T, b *proxytest.Backend) {
		b.Handle("unknown-length", begin)
		b.Handle("known-length", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(2*half))
			begin(w, r)
		})
		clients := s.clients(t)
		var responses []*http.Response
		for i := range often {
			client, path := clients[i%2], []string{"unknown-length", "known-length"}[i/2%2]
			response := s.open(t, client, b.Path(path))
			if _, err := io.CopyN(io.Discard, response.Body, half); err != nil || response.StatusCode != http.StatusOK {
				t.Fatalf("the first half: %s %v", response.Status, err)
			}
			responses = append(responses, response)
		}
		b.Stop()
		for _, response := range responses {
			if rest, err := ends(t, "a response", response.Body); err == nil || rest != "" {
				t.Errorf("%s: half of a response (Content-Length: %d) ends with %q and no error", response.Proto, response.ContentLength, rest)
			}
		}
	})
}

// killedMidUpload kills the backend when it has read half of each request. Each client gets an error as the response, at the latest
// when it has sent the other half.
func (s *suite) killedMidUpload(t *testing.T) {
	const half = 64 << 10
	s.bothProtocols(t, func(t *testing.T, b *proxytest.Backend) {
		var arrived atomic.Int64
		b.Handle("upload", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.CopyN(io.Discard, r.Body, half)
			arrived.Add(1)
			die(w, r)
		})
		ctx, cancel := context.WithTimeout(t.Context(), proxytest.Patience)
		defer cancel()
		var uploads sync.WaitGroup
		clients := s.clients(t)
		killed := make(chan struct{})
		for i := range often {
			body, more := io.Pipe()
			go func() {
				defer more.Close()
				_, _ = io.WriteString(more, strings.Repeat("x", half))
				<-killed
				_, _ = io.WriteString(more, strings.Repeat("x", half))
			}()
			uploads.Go(func() {
				a, err := s.Try(ctx, clients[i%2], http.MethodPost, b.Path("upload"), nil, body)
				if err != nil || a.Status != http.StatusServiceUnavailable {
					t.Errorf("an upload to a killed backend: %d %s, %v", a.Status, a.Body, err)
				}
			})
		}
		proxytest.Eventually(t, "half of the uploads", proxytest.Patience, func(context.Context) error {
			return atLeast(often, int(arrived.Load()))
		})
		b.Stop()
		started := time.Now()
		close(killed)
		uploads.Wait()
		if took := time.Since(started); took > soon {
			t.Errorf("uploads ended %s after the backend", took)
		}
	})
}

// killedMidUpgrade kills the backend of many upgraded connections, and of many upgrades without a response.
func (s *suite) killedMidUpgrade(t *testing.T) {
	s.bothProtocols(t, func(t *testing.T, b *proxytest.Backend) {
		b.Handle("echo", proxytest.EchoUpgrade)
		b.Handle("silent", die)
		var upgraded, waiting []*connection
		for range often {
			conn := s.upgraded(t, b.Path("echo"))
			conn.roundTrip(t)
			upgraded = append(upgraded, conn)
			conn = s.connect(t)
			conn.write(t, "GET "+b.Path("silent")+" HTTP/1.1\r\nHost: faults\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
			waiting = append(waiting, conn)
		}
		proxytest.Eventually(t, "arrival of the requests", proxytest.Patience, func(context.Context) error {
			return atLeast(often, len(b.Requests("silent")))
		})
		b.Stop()
		for _, conn := range upgraded {
			if rest, _ := ends(t, "an upgraded connection", conn.reader); rest != "" {
				t.Errorf("the end of a connection is %q", rest)
			}
		}
		for _, conn := range waiting {
			if response, err := http.ReadResponse(conn.reader, nil); err != nil || response.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("an upgrade that was never answered ends with %+v: %v", response, err)
			}
		}
		s.restart(t, b)
		s.upgraded(t, b.Path("echo")).roundTrip(t)
	})
}
