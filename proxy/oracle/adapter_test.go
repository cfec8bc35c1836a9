package oracle

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/apiserver-builder/builder/proxy/oracle/kube"
	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// step is a command of kubectl and its result.
type step struct {
	name string
	// args are the arguments of kubectl, separated by spaces.
	args string
	want string
	// fails is set if kubectl must fail.
	fails bool
}

const (
	customMetrics   = "/apis/custom.metrics.k8s.io"
	externalMetrics = "/apis/external.metrics.k8s.io/v1beta1"
	// requests is a metric of the Service kubernetes, which every control plane has.
	requests      = "/namespaces/default/services/kubernetes/requests"
	requestsValue = `{"kind":"MetricValueList","apiVersion":"custom.metrics.k8s.io/v1beta2","metadata":{},"items":[{` +
		`"describedObject":{"kind":"Service","namespace":"default","name":"kubernetes","apiVersion":"/v1"},` +
		`"metric":{"name":"requests","selector":null},"timestamp":"TIME","value":"300m"}]}`
	// autoscaler is a user with access, by the adapter's manifest, to custom metrics.
	autoscaler = "system:serviceaccount:kube-system:horizontal-pod-autoscaler"
)

// beforeWriting and afterWriting are the steps before and after a metric gets its first value.
var (
	beforeWriting = []step{
		{
			name: "all versions are available",
			args: "get apiservices v1beta1.custom.metrics.k8s.io v1beta2.custom.metrics.k8s.io v1beta1.external.metrics.k8s.io",
			want: `NAME SERVICE AVAILABLE AGE
v1beta1.custom.metrics.k8s.io custom-metrics/custom-metrics-apiserver True AGE
v1beta2.custom.metrics.k8s.io custom-metrics/custom-metrics-apiserver True AGE
v1beta1.external.metrics.k8s.io custom-metrics/custom-metrics-apiserver True AGE`,
		},
		{
			name: "the newer version is preferred",
			args: "get --raw " + customMetrics,
			want: `{"kind":"APIGroup","apiVersion":"v1","name":"custom.metrics.k8s.io","versions":[` +
				`{"groupVersion":"custom.metrics.k8s.io/v1beta2","version":"v1beta2"},{"groupVersion":"custom.metrics.k8s.io/v1beta1","version":"v1beta1"}],` +
				`"preferredVersion":{"groupVersion":"custom.metrics.k8s.io/v1beta2","version":"v1beta2"}}`,
		},
		{
			name: "discovery succeeds, though the adapter lists no metric",
			args: "api-resources --api-group=custom.metrics.k8s.io --no-headers",
			want: "",
		},
		{
			name:  "a metric without a value",
			args:  "get --raw " + customMetrics + "/v1beta2" + requests,
			want:  "Error from server (NotFound): the server could not find the metric requests for services kubernetes",
			fails: true,
		},
		{
			name: "a user without rights",
			args: "get --raw " + customMetrics + "/v1beta2" + requests + " --as=nobody",
			want: `Error from server (Forbidden): services.custom.metrics.k8s.io "kubernetes" is forbidden: User "nobody" cannot get resource "services/requests" ` +
				`in API group "custom.metrics.k8s.io" in the namespace "default"`,
			fails: true,
		},
	}
	afterWriting = []step{
		{
			name: "the value",
			args: "get --raw " + customMetrics + "/v1beta2" + requests,
			want: requestsValue,
		},
		{
			name: "the value in the older version",
			args: "get --raw " + customMetrics + "/v1beta1" + requests,
			want: `{"kind":"MetricValueList","apiVersion":"custom.metrics.k8s.io/v1beta1","metadata":{},"items":[{` +
				`"describedObject":{"kind":"Service","namespace":"default","name":"kubernetes","apiVersion":"/v1"},` +
				`"metricName":"requests","timestamp":"TIME","value":"300m","selector":null}]}`,
		},
		{
			name: "values of objects by label, which the adapter looks up, for a user whom RBAC lets in",
			args: "get --raw " + customMetrics + "/v1beta2/namespaces/default/services/*/requests?labelSelector=component%3Dapiserver --as=" + autoscaler,
			want: requestsValue,
		},
		{
			name: "values of objects of which there are none",
			args: "get --raw " + customMetrics + "/v1beta2/namespaces/default/services/*/requests?labelSelector=component%3Dnone",
			want: `{"kind":"MetricValueList","apiVersion":"custom.metrics.k8s.io/v1beta2","metadata":{},"items":[]}`,
		},
		{
			name: "external metrics by label",
			args: "get --raw " + externalMetrics + "/namespaces/default/my-external-metric?labelSelector=foo%3Dbar",
			want: `{"kind":"ExternalMetricValueList","apiVersion":"external.metrics.k8s.io/v1beta1","metadata":{},"items":[{` +
				`"metricName":"my-external-metric","metricLabels":{"foo":"bar"},"timestamp":"TIME","value":"42"}]}`,
		},
	}
)

// TestCustomMetricsAdapter runs the published test adapter of sigs.k8s.io/custom-metrics-apiserver behind both control planes, and
// compares the output of kubectl.
func TestCustomMetricsAdapter(t *testing.T) {
	t.Run(proxytest.AggregationProxy, func(t *testing.T) { useAdapter(t, proxytest.Start(t)) })
	t.Run(proxytest.KubeAPIServer, func(t *testing.T) { useAdapter(t, kube.Start(t).ControlPlane) })
}

func useAdapter(t *testing.T, cp *proxytest.ControlPlane) {
	kubectl := newKubectl(t, cp)
	startAdapter(t, cp, kubectl)
	for _, s := range beforeWriting {
		s.take(t, kubectl)
	}
	writeMetric(t, requests, "300m")
	for _, s := range afterWriting {
		s.take(t, kubectl)
	}
}

func (s step) take(t *testing.T, kubectl kubectl) {
	t.Run(s.name, func(t *testing.T) {
		out, err := kubectl.run(t.Context(), strings.Fields(s.args)...)
		if failed := err != nil; failed != s.fails {
			t.Errorf("kubectl %s: %v", s.args, err)
		}
		if got := withoutTimes(out); got != s.want {
			t.Errorf("kubectl %s\nprints %s\nwant   %s", s.args, got, s.want)
		}
	})
}

var (
	times  = regexp.MustCompile(`"timestamp":"[^"]+"`)
	ages   = regexp.MustCompile(`(?m) (\d+[dhms])+$`)
	blanks = regexp.MustCompile(` +`)
)

// withoutTimes replaces times, which always differ.
func withoutTimes(output string) string {
	output = times.ReplaceAllString(output, `"timestamp":"TIME"`)
	output = blanks.ReplaceAllString(strings.TrimSpace(output), " ")
	return ages.ReplaceAllString(output, " AGE")
}

// writeMetric writes a value at the port of the adapter.
func writeMetric(t *testing.T, path, value string) {
	t.Helper()
	url := fmt.Sprintf("http://127.0.0.1:%d/write-metrics%s", adapterWritePort, path)
	proxytest.Eventually(t, "POST "+url, proxytest.Patience, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(`"`+value+`"`))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("status %s", response.Status)
		}
		return nil
	})
}
