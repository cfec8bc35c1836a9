package availability_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// twoReplicas starts two proxies with the same etcd. A backend trusts only the front proxy's certificate of the first.
func twoReplicas(t *testing.T) (able, unable *proxytest.ControlPlane) {
	t.Helper()
	able = proxytest.Start(t)
	etcd, err := os.ReadFile(filepath.Join(able.Dir, "etcd.url"))
	if err != nil {
		t.Fatal(err)
	}
	pki := filepath.Join(t.TempDir(), "pki")
	if err := os.CopyFS(pki, os.DirFS(filepath.Join(able.Dir, "pki"))); err != nil {
		t.Fatal(err)
	}
	// The second proxy creates others, with a CA that the backend does not trust.
	frontProxy, err := filepath.Glob(filepath.Join(pki, "front-proxy-*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range frontProxy {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	unable = proxytest.Start(t, "--cert-dir", pki, "--etcd-servers", strings.TrimSpace(string(etcd)),
		"--etcd-cafile", filepath.Join(pki, "etcd-ca.crt"), "--etcd-certfile", filepath.Join(pki, "etcd-client.crt"), "--etcd-keyfile", filepath.Join(pki, "etcd-client.key"))
	unable.ClientCA = able.ClientCA
	return able, unable
}

// TestReplicasThatDisagree uses a backend that the second of two proxies cannot reach. The first one serves every request, whatever
// status the second one writes, and they stop overwriting each other's status.
func TestReplicasThatDisagree(t *testing.T) {
	able, unable := twoReplicas(t)
	b := proxytest.StartBackend(t, able, proxytest.BackendOptions{ClientAuth: tls.RequireAndVerifyClientCert})
	b.CreateService(t, able, external)
	b.CreateAPIServices(t, able)
	status := func(cp *proxytest.ControlPlane, client *http.Client) int {
		a, err := cp.Try(t.Context(), client, http.MethodGet, b.Path("things"), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		return a.Status
	}
	ableClient, unableClient := able.HTTPClient(t, "jane", "system:masters"), unable.HTTPClient(t, "jane", "system:masters")
	proxytest.Eventually(t, "an answer of the backend", proxytest.Patience, func(context.Context) error {
		if got := status(able, ableClient); got != http.StatusOK {
			return fmt.Errorf("%d", got)
		}
		return nil
	})
	unable.WaitCondition(t, name(b), "", func(c apiregistrationv1.APIServiceCondition) bool { return c.Reason == "FailedDiscoveryCheck" })

	const long = 5 * time.Second
	writes, _ := changes(t, able, name(b))
	answers, refused := map[int]int{}, map[int]int{}
	for started := time.Now(); time.Since(started) < long; time.Sleep(20 * time.Millisecond) {
		answers[status(able, ableClient)]++
		refused[status(unable, unableClient)]++
	}
	t.Logf("the replica that can reach the backend answers %v, the other one %v; the status was written %d times", answers, refused, writes.Load())
	if len(answers) != 1 || answers[http.StatusOK] == 0 {
		t.Errorf("the replica that can reach the backend answers %v", answers)
	}
	if len(refused) != 1 || refused[http.StatusServiceUnavailable] == 0 {
		t.Errorf("the replica that can't reach the backend answers %v", refused)
	}
	// Each may write the status twice.
	if n := writes.Load(); n > 4 {
		t.Errorf("the status was written %d times in %s", n, long)
	}
}
