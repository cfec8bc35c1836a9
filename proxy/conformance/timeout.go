package conformance

import (
	"net/http"
	"testing"
	"time"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// discoveryTimeout is the aggregation layer's timeout for discovery.
const discoveryTimeout = 5 * time.Second

// tolerance is the additional time on a busy machine.
const tolerance = 4 * time.Second

// timeout checks which requests the aggregation layer ends, and when.
func (s *suite) timeout(t *testing.T) {
	b := s.backend(t, proxytest.BackendOptions{})
	slow := exceptProbes(b, proxytest.Hang)
	b.Handle(b.Path(), slow)
	b.Handle(b.Path()+"/", slow)
	b.Handle("slow", proxytest.After(discoveryTimeout+time.Second, b.Default))
	run(t, "discovery_ends_after_5s", func(t *testing.T) {
		started := time.Now()
		a := s.get(t, b.Path())
		took := time.Since(started)
		wantPlain(t, a, http.StatusServiceUnavailable, "error trying to reach service: context deadline exceeded\n")
		if took < discoveryTimeout || took > discoveryTimeout+tolerance {
			t.Errorf("it took %s, want %s", took, discoveryTimeout)
		}
	})
	run(t, "discovery_with_a_trailing_slash_ends_after_5s", func(t *testing.T) {
		wantPlain(t, s.get(t, b.Path()+"/"), http.StatusServiceUnavailable, "error trying to reach service: context deadline exceeded\n")
	})
	run(t, "resources_have_longer", func(t *testing.T) {
		s.get(t, b.Path("slow")).Echo(t)
	})
	run(t, "resources_end_at_their_timeout", func(t *testing.T) {
		gone := make(chan struct{})
		b.Handle("hangs", func(w http.ResponseWriter, r *http.Request) {
			proxytest.Hang(w, r)
			close(gone)
		})
		started := time.Now()
		a := s.get(t, b.Path("hangs")+"?timeout=1s")
		if took := time.Since(started); took < time.Second || took > time.Second+tolerance {
			t.Errorf("it took %s, want 1s", took)
		}
		if a.Status != http.StatusGatewayTimeout || !a.Contains(`"reason":"Timeout"`) {
			t.Errorf("got %d %q", a.Status, a.Body)
		}
		select {
		case <-gone:
		case <-time.After(proxytest.Patience):
			t.Error("the backend is still at it")
		}
	})
	run(t, "watches_have_no_timeout", func(t *testing.T) {
		b.Handle("watched", proxytest.After(2*time.Second, b.Default))
		s.get(t, b.Path("watched")+"?watch=true&timeout=1s").Echo(t)
	})
}

// exceptProbes returns a handler for the requests of clients. Those of the aggregation layer itself get the default response.
func exceptProbes(b *proxytest.Backend, handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Remote-User") == aggregatorUser {
			b.Default(w, r)
			return
		}
		handler(w, r)
	}
}
