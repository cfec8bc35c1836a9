package conformance

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// rotation checks that certificates are replaced without a restart, and without failed requests.
func (s *suite) rotation(t *testing.T) {
	run(t, "caBundle", s.rotateCABundle)
	run(t, "front_proxy_certificate", s.rotateFrontProxy)
}

// rotateCABundle replaces a backend's certificate and CA in the safe order: both CAs are trusted in between.
func (s *suite) rotateCABundle(t *testing.T) {
	b := s.backend(t, proxytest.BackendOptions{})
	traffic := s.startTraffic(t, b)
	name, next := "v1."+b.Options.Group, proxytest.NewAuthority(t, "next")
	s.UpdateAPIService(t, name, func(spec *apiregistrationv1.APIServiceSpec) {
		spec.CABundle = bytes.Join([][]byte{b.Authority.PEM, next.PEM}, nil)
	})
	traffic.flow(t)
	s.awaitNewConnection(t, b, func(r proxytest.Request) error { return nil })
	b.SetCertificate(next.Serving(t, b.ServerName()))
	traffic.flow(t)
	s.UpdateAPIService(t, name, func(spec *apiregistrationv1.APIServiceSpec) { spec.CABundle = next.PEM })
	s.awaitNewConnection(t, b, func(r proxytest.Request) error { return nil })
	traffic.flow(t)
	traffic.stop(t)

	// The bundle is in use: a wrong one makes requests fail.
	s.UpdateAPIService(t, name, func(spec *apiregistrationv1.APIServiceSpec) { spec.CABundle = b.Authority.PEM })
	proxytest.Eventually(t, "end of trust", proxytest.Patience, func(context.Context) error {
		if a := s.get(t, b.Path("things")); a.Status != http.StatusServiceUnavailable {
			return fmt.Errorf("%d %s", a.Status, a.Body)
		}
		return nil
	})
}

// rotateFrontProxy replaces the aggregation layer's client certificate.
func (s *suite) rotateFrontProxy(t *testing.T) {
	b := s.backend(t, proxytest.BackendOptions{ClientAuth: tls.RequireAndVerifyClientCert})
	traffic := s.startTraffic(t, b)
	traffic.flow(t)
	next := s.FrontProxyCA.IssueTo(t, s.FrontProxyClient)
	s.awaitNewConnection(t, b, func(r proxytest.Request) error {
		if r.Peer.SerialNumber.Cmp(next.Leaf.SerialNumber) != 0 {
			return errors.New("still the old certificate")
		}
		return nil
	})
	b.Handle("echo", proxytest.EchoUpgrade)
	s.upgraded(t, b.Path("echo"), "Connection: Upgrade", "Upgrade: x")
	for _, r := range b.Requests("echo") {
		if r.Peer.SerialNumber.Cmp(next.Leaf.SerialNumber) != 0 {
			t.Error("an upgrade still shows the old certificate")
		}
	}
	traffic.flow(t)
	traffic.stop(t)
}

// awaitNewConnection waits until requests use a new connection that meets a condition.
func (s *suite) awaitNewConnection(t *testing.T, b *proxytest.Backend, wanted func(proxytest.Request) error) {
	t.Helper()
	before := map[string]bool{}
	for _, r := range b.Requests("things") {
		before[r.RemoteAddr] = true
	}
	proxytest.Eventually(t, "new connection to the backend", proxytest.Patience, func(context.Context) error {
		s.get(t, b.Path("things")).Echo(t)
		requests := b.Requests("things")
		last := requests[len(requests)-1]
		if before[last.RemoteAddr] {
			return errors.New("still the old connection")
		}
		return wanted(last)
	})
}

// traffic sends requests without pauses, and reads a watch. None may fail.
type traffic struct {
	requests atomic.Int64
	failure  atomic.Pointer[string]
	cancel   context.CancelFunc
	senders  sync.WaitGroup
	chunks   chan string
	watch    *bufio.Reader
}

func (s *suite) startTraffic(t *testing.T, b *proxytest.Backend) *traffic {
	t.Helper()
	f := &traffic{chunks: make(chan string)}
	b.Handle("watched", proxytest.Stream(f.chunks))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+b.Path("watched")+"?watch=true", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := s.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	f.watch = bufio.NewReader(response.Body)
	ctx, cancel := context.WithCancel(t.Context())
	f.cancel = cancel
	const senders = 3
	for range senders {
		f.senders.Go(func() {
			for ctx.Err() == nil {
				a, err := s.Try(t.Context(), s.client, http.MethodGet, b.Path("busy"), nil, nil)
				if err != nil || a.Status != http.StatusOK {
					failure := fmt.Sprintf("%d %s: %v", a.Status, a.Body, err)
					f.failure.Store(&failure)
				}
				f.requests.Add(1)
			}
		})
	}
	return f
}

// flow waits for a number of requests, and for events on the watch.
func (f *traffic) flow(t *testing.T) {
	t.Helper()
	const good = 50
	target := f.requests.Load() + good
	proxytest.Eventually(t, "traffic", proxytest.Patience, func(context.Context) error {
		if f.requests.Load() < target {
			return errors.New("not yet")
		}
		return nil
	})
	f.chunks <- "news\n"
	if line, err := f.watch.ReadString('\n'); err != nil || line != "news\n" {
		t.Errorf("the watch brought %q %v", line, err)
	}
}

// stop ends the traffic and checks that all requests were answered.
func (f *traffic) stop(t *testing.T) {
	t.Helper()
	f.cancel()
	f.senders.Wait()
	close(f.chunks)
	if failure := f.failure.Load(); failure != nil {
		t.Errorf("a request failed: %s", *failure)
	}
}
