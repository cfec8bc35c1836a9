package kube

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// TestReplicasThatDisagree starts two kube-apiservers with one etcd. The second cannot reach the backend. The first one also
// refuses requests whenever the second one has written the APIService's status. The test of the same name in
// proxy/internal/availability checks that aggregation-proxy refuses no requests.
func TestReplicasThatDisagree(t *testing.T) {
	able := StartAPIServer(t)
	unable := able.Replica(t)
	b := proxytest.StartBackend(t, able.ControlPlane, proxytest.BackendOptions{ClientAuth: tls.RequireAndVerifyClientCert})
	b.CreateService(t, able.ControlPlane, corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "localhost"})
	b.CreateAPIServices(t, able.ControlPlane)
	client := able.HTTPClient(t, "jane", "system:masters")
	answers := map[int]int{}
	get := func() int {
		a, err := able.Try(t.Context(), client, http.MethodGet, b.Path("things"), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		return a.Status
	}
	proxytest.Eventually(t, "an answer of the backend", proxytest.Patience, func(context.Context) error {
		if got := get(); got != http.StatusOK {
			return fmt.Errorf("%d", got)
		}
		return nil
	})
	for started := time.Now(); time.Since(started) < 15*time.Second; time.Sleep(50 * time.Millisecond) {
		answers[get()]++
	}
	t.Logf("the replica that can reach the backend answers %v, while the one at %s can't", answers, unable.URL)
	if answers[http.StatusOK] == 0 || answers[http.StatusServiceUnavailable] == 0 {
		t.Errorf("the replica that can reach the backend answers %v, want some of both", answers)
	}
}
