package availability

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// TestProbeIsOneGET checks the requests of a successful probe.
func TestProbeIsOneGET(t *testing.T) {
	p := newProbed(t)
	for range 10 {
		if gets, err := p.probe(t); err != nil || gets != 1 {
			t.Fatalf("%d GETs: %v", gets, err)
		}
	}
	if accepted := p.backend.AcceptedConnections(); accepted != 1 {
		t.Errorf("%d connections for 10 probes", accepted)
	}
	got := p.gets()[0]
	if got.Proto != "HTTP/1.1" || got.Peer == nil || got.Peer.Subject.CommonName != "front-proxy-client" {
		t.Errorf("the backend was asked over %s by %v", got.Proto, got.Peer)
	}
	want := http.Header{"X-Remote-User": {"system:kube-aggregator"}, "X-Remote-Group": {"system:masters"}, "Accept-Encoding": {"gzip"}, "User-Agent": {"Go-http-client/1.1"}}
	if diff := cmp.Diff(want, got.Header); diff != "" {
		t.Error(diff)
	}
}

func TestProbePath(t *testing.T) {
	core := &apiregistrationv1.APIService{Spec: apiregistrationv1.APIServiceSpec{Version: "v1"}}
	core.Name = "v1."
	group := &apiregistrationv1.APIService{Spec: apiregistrationv1.APIServiceSpec{Group: "g.example.com", Version: "v2"}}
	group.Name = "v2.g.example.com"
	for apiService, want := range map[*apiregistrationv1.APIService]string{core: "/api/v1", group: "/apis/g.example.com/v2"} {
		if got := discoveryPath(apiService); got != want {
			t.Errorf("%q is probed at %s, want %s", apiService.Name, got, want)
		}
	}
}

// TestOneOfFiveIsEnough uses a backend at which every fifth GET succeeds, so that the success is at a different position in each
// probe.
func TestOneOfFiveIsEnough(t *testing.T) {
	p := newProbed(t)
	var count atomic.Int64
	p.answer(func(w http.ResponseWriter, r *http.Request) {
		if count.Add(1)%attempts != 0 {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		p.backend.Default(w, r)
	})
	for range 50 {
		if gets, err := p.probe(t); err != nil || gets > attempts {
			t.Fatalf("%d GETs: %v", gets, err)
		}
	}
}

// TestOneOfThreeEndpointsIsEnough checks that attempts try another endpoint after a failure.
func TestOneOfThreeEndpointsIsEnough(t *testing.T) {
	p := newProbed(t)
	addresses := oneOf{to(p.backend.Addr())}
	for range 2 {
		addresses = append(addresses, to(fmt.Sprint("127.0.0.1:", proxytest.FreePort(t))))
	}
	p.config.Resolver = addresses
	for range 100 {
		if gets, err := p.probe(t); err != nil || gets == 0 {
			t.Fatalf("%d GETs: %v", gets, err)
		}
	}
}

func TestFailedProbe(t *testing.T) {
	p := newProbed(t)
	url := p.backend.URL() + p.backend.Path()
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"an error":         {proxytest.Respond(http.StatusForbidden, nil, "no"), "bad status from " + url + ": 403"},
		"a redirect":       {proxytest.Respond(http.StatusFound, http.Header{"Location": {"/apis"}}, ""), "bad status from " + url + ": 302"},
		"a closed request": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, `Get "` + url + `": EOF`},
	} {
		t.Run(name, func(t *testing.T) {
			p.answer(tt.answer)
			gets, err := p.probe(t)
			if gets != attempts {
				t.Errorf("%d GETs, want %d", gets, attempts)
			}
			if want := "failing or missing response from " + url + ": " + tt.want; err == nil || err.Error() != want {
				t.Errorf("it says %q, want %q", err, want)
			}
			if !errors.As(err, new(*probeFailure)) {
				t.Errorf("a %T does not become a condition", err)
			}
			if p.connections.transport != nil {
				t.Error("the transport is kept: the next probe may reuse its connections, and http.Transport sends a GET again if a reused connection closes")
			}
		})
	}
	p.answer(proxytest.CloseMidBody)
	if _, err := p.probe(t); err != nil {
		t.Errorf("what follows the status was looked at: %v", err)
	}
}

// TestDeadConnectionIsNoFailure probes a backend that has closed the connection, or has been restarted.
func TestDeadConnectionIsNoFailure(t *testing.T) {
	p := newProbed(t)
	for range 10 {
		if gets, err := p.probe(t); err != nil || gets != 1 {
			t.Fatalf("%d GETs: %v", gets, err)
		}
		p.backend.CloseConnections()
	}
	p.backend.Stop()
	if _, err := p.probe(t); err == nil || !strings.Contains(err.Error(), "connect: connection refused") {
		t.Errorf("stopped: %v", err)
	}
	p.backend.Start(t)
	if gets, err := p.probe(t); err != nil || gets != 1 {
		t.Errorf("started again: %d GETs: %v", gets, err)
	}
}

// TestConnectionsFollowTheirConfiguration checks that the next probe uses changed certificates, and that old connections are
// closed.
func TestConnectionsFollowTheirConfiguration(t *testing.T) {
	p := newProbed(t)
	succeed := func(peer string) {
		t.Helper()
		if _, err := p.probe(t); err != nil {
			t.Fatal(err)
		}
		if last := p.gets()[len(p.gets())-1]; last.Peer.Subject.CommonName != peer {
			t.Errorf("the backend was shown %s, want %s", last.Peer.Subject, peer)
		}
		proxytest.Eventually(t, "one connection", proxytest.Patience, func(context.Context) error {
			if open := p.backend.OpenConnections(); open != 1 {
				return fmt.Errorf("there are %d", open)
			}
			return nil
		})
	}
	succeed("front-proxy-client")
	p.rotate(t, "rotated")
	succeed("rotated")

	other := proxytest.NewAuthority(t, "other")
	p.apiService.Spec.CABundle = other.PEM
	if _, err := p.probe(t); err == nil || !strings.Contains(err.Error(), "x509: certificate signed by unknown authority") {
		t.Errorf("another caBundle: %v", err)
	}
	p.backend.SetCertificate(other.Serving(t, p.backend.ServerName()))
	succeed("rotated")
	p.apiService.Spec.CABundle, p.apiService.Spec.InsecureSkipTLSVerify = nil, true
	p.backend.SetCertificate(proxytest.NewAuthority(t, "third").Serving(t, "anybody"))
	succeed("rotated")
	p.apiService.Spec.InsecureSkipTLSVerify = false
	if _, err := p.probe(t); !errors.As(err, new(*tls.CertificateVerificationError)) {
		t.Errorf("neither a caBundle nor insecureSkipTLSVerify: %v", err)
	}
	p.cert = []byte("nonsense")
	if _, err := p.probe(t); err == nil || errors.As(err, new(*probeFailure)) {
		t.Errorf("there is no way to connect, and it says %v", err)
	}
}

// TestBackendWithHTTP2Only probes a server that only negotiates HTTP/2.
func TestBackendWithHTTP2Only(t *testing.T) {
	p := newProbed(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 || r.Header.Get("X-Remote-User") != "system:kube-aggregator" {
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	certificates := []tls.Certificate{proxytest.NewAuthority(t, "other").Serving(t, p.backend.ServerName())}
	server.TLS = &tls.Config{NextProtos: []string{"h2"}, Certificates: certificates, GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if slices.Contains(hello.SupportedProtos, "h2") {
			return nil, nil
		}
		return &tls.Config{NextProtos: []string{"none"}, Certificates: certificates}, nil // otherwise, Go's server would accept HTTP/1.1
	}}
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	p.config.Resolver = to(server.Listener.Addr().String())
	p.apiService.Spec.CABundle, p.apiService.Spec.InsecureSkipTLSVerify = nil, true
	for range 2 {
		if err := p.monitor.probe(t.Context(), p.apiService); err != nil {
			t.Error(err)
		}
	}
}

// TestHungBackend checks that a probe of a hung backend takes five seconds and five GETs.
func TestHungBackend(t *testing.T) {
	for name, available := range map[string]bool{"that was available": true, "that was not": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProbed(t)
			p.available = available
			p.answer(proxytest.Hang)
			var observed time.Duration
			p.config.OnProbe = func(name string, took time.Duration, err error) {
				if name != p.apiService.Name || err == nil {
					t.Errorf("observed %s: %v", name, err)
				}
				observed = took
			}
			gets, err := p.probe(t)
			if gets != attempts {
				t.Errorf("%d GETs, want %d", gets, attempts)
			}
			// The text depends on which of the client's timers fires first.
			if timeout := net.Error(nil); !errors.As(err, &timeout) || !timeout.Timeout() {
				t.Errorf("it says %q, want that it took too long", err)
			}
			if observed < probeTimeout-10*time.Millisecond || observed > probeTimeout+3*time.Second {
				t.Errorf("it took %s, want %s", observed, probeTimeout)
			}
		})
	}
}

// TestProbeSeesTheEndOfAHang checks that a later attempt can succeed while earlier ones hang.
func TestProbeSeesTheEndOfAHang(t *testing.T) {
	for name, available := range map[string]bool{"of one attempt": true, "of the backend": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProbed(t)
			p.available = available
			var count atomic.Int64
			p.answer(func(w http.ResponseWriter, r *http.Request) {
				if count.Add(1) == 1 {
					proxytest.Hang(w, r)
				}
				p.backend.Default(w, r)
			})
			started := time.Now()
			if _, err := p.probe(t); err != nil {
				t.Error(err)
			}
			if took := time.Since(started); took > probeTimeout-attemptInterval {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// TestProbeIsGivenUp checks that a probe ends when its APIService changes, or when the controller ends.
func TestProbeIsGivenUp(t *testing.T) {
	p := newProbed(t)
	p.answer(proxytest.Hang)
	time.AfterFunc(50*time.Millisecond, func() { signal(p.changed) })
	if _, err := p.probe(t); !errors.Is(err, errChanged) {
		t.Errorf("after a change: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	started := time.Now()
	if err := p.monitor.probe(ctx, p.apiService); err == nil {
		t.Error("a probe that was stopped succeeded")
	}
	if took := time.Since(started); took > probeTimeout/2 {
		t.Errorf("it took %s to stop", took)
	}
}

// TestProbeLeavesNothing checks that no connection remains to an endpoint that is no longer selected, and no goroutine that waits
// for a silent endpoint.
func TestProbeLeavesNothing(t *testing.T) {
	p := newProbed(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0") // it accepts connections without a TLS handshake
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	if _, err := p.probe(t); err != nil {
		t.Fatal(err)
	}
	p.config.Resolver = to(silent.Addr().String())
	ctx, cancel := context.WithTimeout(t.Context(), 2*lead)
	defer cancel()
	p.available = true
	if err := p.monitor.probe(ctx, p.apiService); err == nil {
		t.Error("silence is a success")
	}
	for what, left := range map[string]func() string{
		"connections": func() string {
			if open := p.backend.OpenConnections(); open != 0 {
				return fmt.Sprint(open)
			}
			return ""
		},
		"goroutines": func() string {
			stacks := make([]byte, 1<<20)
			stacks = stacks[:runtime.Stack(stacks, true)]
			if bytes.Contains(stacks, []byte("availability.(*probe)")) || bytes.Contains(stacks, []byte("net/http.(*Transport).dialConn")) {
				return string(stacks)
			}
			return ""
		},
	} {
		proxytest.Eventually(t, what, 4*idleTimeout, func(context.Context) error { // a handshake has ten seconds
			if left := left(); left != "" {
				return errors.New(left)
			}
			return nil
		})
	}
}
