package main

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// plane returns the process as a ControlPlane.
func (p *process) plane() *proxytest.ControlPlane {
	pair := func(name string) proxytest.KeyPair {
		return proxytest.KeyPair{Cert: filepath.Join(p.dir, "pki", name+".crt"), Key: filepath.Join(p.dir, "pki", name+".key")}
	}
	return &proxytest.ControlPlane{
		Name: proxytest.AggregationProxy, URL: p.url, Dir: p.dir, Kubeconfig: filepath.Join(p.dir, "kubeconfig"),
		ClientCA: pair("client-ca"), FrontProxyCA: pair("front-proxy-ca"), FrontProxyClient: pair("front-proxy-client"),
		Process: p.Process,
	}
}

// fetch sends a GET, and fails the test if there is no response.
func fetch(t *testing.T, client *http.Client, url string) (status int, body string) {
	t.Helper()
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(all)
}

// TestHealth sends requests as load balancers and Prometheus do, and checks that other users are refused.
func TestHealth(t *testing.T) {
	t.Parallel()
	plane := shared.plane()
	anonymous := plane.HTTPClient(t, "")
	nobody := plane.HTTPClient(t, "jane")
	prometheus := plane.HTTPClient(t, "prometheus", "system:monitoring")
	admin := plane.HTTPClient(t, "admin", "system:masters")
	for _, test := range []struct {
		name   string
		client *http.Client
		path   string
		status int
		parts  []string
	}{
		{"live", anonymous, "/livez", http.StatusOK, []string{"ok"}},
		{"ready", anonymous, "/readyz", http.StatusOK, []string{"ok"}},
		{"healthy", anonymous, "/healthz", http.StatusOK, []string{"ok"}},
		{"live in detail", anonymous, "/livez?verbose", http.StatusOK, []string{"[+]ping ok", "[+]etcd ok", "livez check passed"}},
		{"ready in detail", anonymous, "/readyz?verbose", http.StatusOK, []string{
			"[+]etcd ok", "[+]etcd-readiness ok", "[+]informer-sync ok", "[+]poststarthook/start-aggregation-proxy-controllers ok",
			"[+]poststarthook/apiservice-registration-controller ok", "[+]shutdown ok", "readyz check passed",
		}},
		{"healthy in detail", anonymous, "/healthz?verbose", http.StatusOK, []string{"[+]etcd ok", "healthz check passed"}},
		{"a check left out", anonymous, "/readyz?verbose&exclude=etcd", http.StatusOK, []string{"[+]etcd excluded: ok"}},
		{"one check", prometheus, "/livez/etcd", http.StatusOK, []string{"ok"}},
		{"a check there is not", admin, "/readyz/bogus", http.StatusNotFound, nil},
		{"metrics for nobody", anonymous, "/metrics", http.StatusForbidden, []string{`User \"system:anonymous\" cannot get path \"/metrics\"`}},
		{"metrics for anybody", nobody, "/metrics", http.StatusForbidden, []string{`User \"jane\" cannot get path \"/metrics\"`}},
		{"metrics for Prometheus", prometheus, "/metrics", http.StatusOK, []string{"\napiserver_request_total{", "\netcd_request_duration_seconds_bucket{", "\nprocess_resident_memory_bytes "}},
		{"metrics for an administrator", admin, "/metrics", http.StatusOK, []string{"\napiserver_request_total{"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, body := fetch(t, test.client, plane.URL+test.path)
			if status != test.status {
				t.Fatalf("status %d, want %d:\n%s", status, test.status, body)
			}
			for _, part := range test.parts {
				if !strings.Contains(body, part) {
					t.Errorf("%q is not in the answer:\n%.3000s", part, body)
				}
			}
		})
	}
}
