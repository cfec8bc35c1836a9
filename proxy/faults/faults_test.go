// Package faults_test injects faults into a running proxy, its clients, extension-apiservers and certificates, and checks that no
// goroutines or connections leak.
package faults_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

const (
	// userName sends most requests.
	userName = "jane"
	masters  = "system:masters"

	// soon means "within seconds", on a machine that also runs other tests.
	soon = 10 * time.Second
	// often is the number of repetitions of a fault that may leak one goroutine or connection each time. It is more than the slack.
	often = 40
)

// suite is a control plane for fault injection, with an administrator's client.
type suite struct {
	*proxytest.ControlPlane
	client *http.Client
}

func newSuite(t *testing.T, args ...string) *suite {
	t.Helper()
	cp := proxytest.Start(t, args...)
	return &suite{cp, cp.HTTPClient(t, userName, masters)}
}

// TestFaults injects faults into a proxy that also serves other requests.
func TestFaults(t *testing.T) {
	t.Parallel()
	s := newSuite(t)
	s.leavesNothing(t, func() {
		t.Run("shared", func(t *testing.T) {
			for name, test := range map[string]func(*testing.T){
				"slow_loris":                            s.slowLoris,
				"slow_request_body":                     s.slowRequestBody,
				"slow_reader":                           s.slowReader,
				"backend_killed_mid_watch":              s.killedMidWatch,
				"backend_killed_mid_body":               s.killedMidBody,
				"backend_killed_mid_upload":             s.killedMidUpload,
				"backend_killed_mid_upgrade":            s.killedMidUpgrade,
				"front_proxy_certificate_rotated":       s.rotateFrontProxy,
				"caBundle_rotated":                      s.rotateCABundle,
				"certificate_expired_or_another's":      s.wrongCertificates,
				"APIServices_created_and_deleted":       s.churn,
				"upgrade_malformed":                     s.malformedUpgrades,
				"upgrade_unrequested":                   s.unrequestedUpgrades,
				"request_smuggled":                      s.smuggling,
				"request_smuggled_past_refused_upgrade": s.smugglingPastUpgrade,
				"identity_forged":                       s.forgedIdentity,
				"identity_forged_in_HTTP2_frames":       s.forgedFrames,
				"identity_altered_by_HTTP":              s.alteredIdentity,
				"identity_altered_for_OpenAPI":          s.alteredIdentityOfOpenAPI,
				"ServiceAccount_deleted":                s.deletedServiceAccount,
			} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					test(t)
				})
			}
		})
	})
}

// backend starts and registers a backend.
func (s *suite) backend(t *testing.T, o proxytest.BackendOptions) *proxytest.Backend {
	t.Helper()
	b := proxytest.StartBackend(t, s.ControlPlane, o)
	b.Register(t, s.ControlPlane)
	return b
}

// bothProtocols runs a test with a backend for HTTP/1.1 and one for HTTP/2.
func (s *suite) bothProtocols(t *testing.T, test func(*testing.T, *proxytest.Backend)) {
	for name, http1 := range map[string]bool{"HTTP1": true, "HTTP2": false} {
		t.Run(name, func(t *testing.T) { test(t, s.backend(t, proxytest.BackendOptions{HTTP1: http1})) })
	}
}

// leavesNothing checks that a function leaks no goroutines and no connections.
func (s *suite) leavesNothing(t *testing.T, do func()) {
	t.Helper()
	s.warmUp(t)
	before := s.settled(t)
	do()
	done := time.Now()
	var after vitals
	proxytest.Eventually(t, "end of what the faults began", proxytest.Patience, func(ctx context.Context) error {
		after = s.vitals(ctx, t)
		return after.beyond(before)
	})
	t.Logf("before %s; after %s, %s after the end%s", before, after, time.Since(done).Round(time.Millisecond), after.growth(before))
}

// warmUp makes the proxy start everything that it starts only once.
func (s *suite) warmUp(t *testing.T) {
	t.Helper()
	t.Run("warm_up", func(t *testing.T) {
		b := s.backend(t, proxytest.BackendOptions{})
		for _, client := range s.clients(t) {
			a := s.get(t, client, b.Path("things"))
			a.WantStatus(t, http.StatusOK)
		}
	})
}
