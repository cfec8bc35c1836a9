package conformance_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/apiserver-builder/builder/proxy/conformance"
	"github.com/apiserver-builder/builder/proxy/proxytest"
)

func TestAggregationProxy(t *testing.T) {
	roots := proxytest.SystemRoots(t)
	cp := proxytest.Start(t)
	cp.SystemRoots = roots
	conformance.Run(t, cp)
}

// TestDiscoveryTimeout changes the timeout for discovery. The suite tests the default.
func TestDiscoveryTimeout(t *testing.T) {
	const slow = 6 * time.Second // kube-apiserver's is 5 s
	for _, test := range []struct {
		name, flag, want string
		status           int
	}{
		{name: "none", flag: "--discovery-timeout=0", status: http.StatusOK, want: "at last"},
		{name: "shorter", flag: "--discovery-timeout=1s", status: http.StatusServiceUnavailable, want: "error trying to reach service: context deadline exceeded\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cp := proxytest.Start(t, test.flag)
			b := proxytest.StartBackend(t, cp, proxytest.BackendOptions{})
			b.Register(t, cp)
			late := proxytest.After(slow, proxytest.Respond(http.StatusOK, nil, "at last"))
			b.Handle(b.Path(), func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("X-Remote-User") == "jane" {
					late(w, r)
					return
				}
				b.Default(w, r)
			})
			started := time.Now()
			response, err := cp.HTTPClient(t, "jane", "system:masters").Get(cp.URL + b.Path())
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if err != nil || response.StatusCode != test.status || string(body) != test.want {
				t.Errorf("got %s %q %v, want %d %q", response.Status, body, err, test.status, test.want)
			}
			if took := time.Since(started); (test.status == http.StatusOK) != (took >= slow) {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// TestLatencyIsMeasured checks the metrics of requests to an extension-apiserver, and of its reviews.
func TestLatencyIsMeasured(t *testing.T) {
	cp := proxytest.Start(t)
	b := proxytest.StartBackend(t, cp, proxytest.BackendOptions{})
	b.Register(t, cp)
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: "jane", ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: "get", Resource: "pods"},
	}}
	if _, err := cp.Client(t).AuthorizationV1().SubjectAccessReviews().Create(t.Context(), review, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	read := func(path string) string {
		response, err := cp.HTTPClient(t, "operator", "system:masters").Get(cp.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	read(b.Path("things"))
	b.Handle("broken", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	read(b.Path("broken"))
	name := "v1." + b.Options.Group
	metrics := read("/metrics")
	for _, want := range []string{
		`aggregator_discovery_duration_seconds_count{apiservice="` + name + `",outcome="success"} `,
		`aggregator_proxy_request_duration_seconds_count{apiservice="` + name + `",code="200"} `,
		`aggregator_proxy_request_errors_total{apiservice="` + name + `"} `,
		`aggregator_serving_certificate_expiration_timestamp_seconds{apiservice="` + name + `"} 1.`,
		`aggregator_review_duration_seconds_count{resource="subjectaccessreviews",user="kubernetes-admin"} 1`,
	} {
		if !strings.Contains(metrics, "\n"+want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
}
