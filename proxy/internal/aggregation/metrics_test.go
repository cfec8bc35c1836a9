package aggregation

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-base/metrics/legacyregistry"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

// TestDiscoveryIsRecorded observes probes of an APIService before, while and after the layer knows it. A probe that ends after the
// deletion must not create a series.
func TestDiscoveryIsRecorded(t *testing.T) {
	layer, name := newTestLayer(t), "v1.discovery-is-recorded.example.com"
	apiService := &apiregistrationv1.APIService{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: apiregistrationv1.APIServiceSpec{Group: "discovery-is-recorded.example.com", Version: "v1",
			Service: &apiregistrationv1.ServiceReference{Namespace: "default", Name: "none", Port: new(int32(443))}},
	}
	check := func(when string, want uint64) {
		t.Helper()
		layer.ObserveDiscovery(name, time.Second, nil)
		if got := discoveries(t, name); got != want {
			t.Errorf("%s: %d probes are in the metric, want %d", when, got, want)
		}
	}
	check("before the APIService is known", 0)
	layer.apiServiceChanged(apiService)
	check("while it exists", 1)
	check("while it exists, again", 2)
	layer.apiServiceGone(apiService)
	check("after it was deleted", 0)
}

// discoveries returns the number of probes of an APIService in aggregator_discovery_duration_seconds.
func discoveries(t *testing.T, apiService string) uint64 {
	t.Helper()
	families, err := legacyregistry.DefaultGatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var count uint64
	for _, family := range families {
		if family.GetName() != "aggregator_discovery_duration_seconds" {
			continue
		}
		for _, series := range family.GetMetric() {
			for _, label := range series.GetLabel() {
				if label.GetValue() == apiService {
					count += series.GetHistogram().GetSampleCount()
				}
			}
		}
	}
	return count
}
