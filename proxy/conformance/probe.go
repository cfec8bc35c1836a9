package conformance

import (
	"net/http"
	"regexp"
	"sync/atomic"
	"testing"
	"time"

	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

const (
	// aggregatorUser is the user in the aggregation layer's own requests to extension-apiservers.
	aggregatorUser = "system:kube-aggregator"
	// probes is the maximum number of requests in a probe.
	probes = 5
)

// probe checks how the aggregation layer probes a backend.
func (s *suite) probe(t *testing.T) {
	run(t, "it_is_a_GET_as_the_aggregator", s.probeRequest)
	run(t, "a_hung_one_does_not_stop_the_others", func(t *testing.T) {
		var asked atomic.Int32
		s.passes(t, func(w http.ResponseWriter, r *http.Request) {
			if asked.Add(1) == 1 {
				proxytest.Hang(w, r)
			}
		})
	})
	run(t, "any_success_wins", func(t *testing.T) {
		var asked atomic.Int32
		s.passes(t, func(w http.ResponseWriter, _ *http.Request) {
			if asked.Add(1) < probes {
				w.WriteHeader(http.StatusInternalServerError)
			}
		})
	})
	run(t, "any_2xx_is_success", func(t *testing.T) {
		for _, status := range []int{200, 204, 299} {
			s.passes(t, proxytest.Respond(status, nil, ""))
		}
	})
	run(t, "redirects_are_not_followed", func(t *testing.T) {
		b := proxytest.StartBackend(t, s.ControlPlane, proxytest.BackendOptions{})
		b.Handle(b.Path(), proxytest.Respond(http.StatusFound, http.Header{"Location": {b.Path("target")}}, ""))
		b.CreateService(t, s.ControlPlane, externalName)
		b.CreateAPIServices(t, s.ControlPlane)
		url := probeURL(b)
		s.wantCondition(t, "v1."+b.Options.Group, "False", "FailedDiscoveryCheck", "failing or missing response from "+url+": bad status from "+url+": 302")
		if n := len(b.Requests("target")); n > 0 {
			t.Errorf("%d redirections were followed", n)
		}
	})
	run(t, "slow_is_not_too_slow", func(t *testing.T) {
		s.passes(t, proxytest.After(discoveryTimeout-2*time.Second, proxytest.Respond(http.StatusOK, nil, "")))
	})
	run(t, "5s_are_too_slow", s.hungProbe)
}

// probeRequest checks the first of the requests.
func (s *suite) probeRequest(t *testing.T) {
	b := s.backend(t, proxytest.BackendOptions{})
	r := b.Requests(b.Path())[0] // others may be those of Register
	if r.Method != http.MethodGet || r.Target != b.Path() || r.Host != forwardedHost(b) || r.ServerName != b.ServerName() {
		t.Errorf("probed by %s %s of %s by the name %s", r.Method, r.Target, r.Host, r.ServerName)
	}
	if r.Peer == nil || r.Peer.Subject.CommonName != "front-proxy-client" {
		t.Error("the probe did not show the front-proxy certificate")
	}
	proxytest.WantHeader(t, r.Header, "X-Remote-User", aggregatorUser)
	proxytest.WantHeader(t, r.Header, "X-Remote-Group", masters)
	for _, name := range []string{"X-Remote-Uid", extraKey, "Authorization", "Accept"} {
		proxytest.WantHeader(t, r.Header, name)
	}
}

func (s *suite) hungProbe(t *testing.T) {
	started := time.Now()
	b, c := s.failedDiscovery(t, proxytest.Hang)
	if took := time.Since(started); took < discoveryTimeout || took > discoveryTimeout+tolerance {
		t.Errorf("it took %s, want %s", took, discoveryTimeout)
	}
	// The text depends on which timer of Go's client fires first, and on whether there is a connection.
	url := probeURL(b)
	const exceeded = `(context deadline exceeded|net/http: request canceled( while waiting for connection)?)( \(Client\.Timeout exceeded while awaiting headers\))?`
	want := regexp.QuoteMeta(`failing or missing response from `+url+`: Get "`+url+`": `) + exceeded
	if !regexp.MustCompile("^" + want + "$").MatchString(c.Message) {
		t.Errorf("got %q, want a match of %q", c.Message, want)
	}
}

// passes checks that a backend with this discovery is found available, and was never unavailable.
func (s *suite) passes(t *testing.T, discovery http.HandlerFunc) {
	t.Helper()
	b := proxytest.StartBackend(t, s.ControlPlane, proxytest.BackendOptions{})
	b.Handle(b.Path(), discovery)
	b.CreateService(t, s.ControlPlane, externalName)
	b.CreateAPIServices(t, s.ControlPlane)
	s.WaitCondition(t, "v1."+b.Options.Group, "", func(c apiregistrationv1.APIServiceCondition) bool {
		if c.Reason == "ServiceNotFound" {
			return false // an APIService may be known before its older Service
		}
		if c.Status != apiregistrationv1.ConditionTrue {
			t.Errorf("it is %s: %s", c.Reason, c.Message)
		}
		return true
	})
}
