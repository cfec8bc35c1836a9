package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// nothingAdded checks that the aggregation layer adds nothing before there is an APIService, and nothing after it is deleted.
func (s *suite) nothingAdded(t *testing.T) {
	b := proxytest.StartBackend(t, s.ControlPlane, proxytest.BackendOptions{})
	t.Run("every_group_is_built_in", func(t *testing.T) {
		// These become available shortly after the start.
		proxytest.Eventually(t, "APIServices", proxytest.Patience, func(ctx context.Context) error {
			services, err := s.Aggregator(t).ApiregistrationV1().APIServices().List(ctx, metav1.ListOptions{})
			if err != nil || len(services.Items) == 0 {
				return fmt.Errorf("%d APIServices: %w", len(services.Items), err)
			}
			return builtIn(services.Items, s.get(t, "/metrics").Body)
		})
	})
	before := s.paths(t)
	t.Run("unregistered_group_is_404", func(t *testing.T) {
		for _, path := range []string{"/apis/" + b.Options.Group, b.Path(), b.Path("things")} {
			wantPlain(t, s.get(t, path), http.StatusNotFound, "404 page not found\n")
		}
		if n := len(b.Requests("things")); n > 0 {
			t.Errorf("%d requests reached a server that is not registered", n)
		}
	})
	t.Run("a_deleted_APIService_leaves_nothing", func(t *testing.T) {
		b.Register(t, s.ControlPlane)
		if added := s.paths(t); !slices.Contains(added, "/apis/"+b.Options.Group) || !slices.Contains(added, b.Path()) {
			t.Errorf("%s is not among the paths %q", b.Path(), added)
		}
		if err := s.Aggregator(t).ApiregistrationV1().APIServices().Delete(t.Context(), "v1."+b.Options.Group, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		proxytest.Eventually(t, "end of the group", proxytest.Patience, func(context.Context) error {
			if !slices.Equal(s.paths(t), before) {
				return errors.New("the paths are not what they were before")
			}
			for _, accept := range []string{"application/json", proxytest.AggregatedDiscovery} {
				if s.send(t, s.client, http.MethodGet, "/apis", http.Header{"Accept": {accept}}, "").Contains(b.Options.Group) {
					return errors.New("it is still discovered as " + accept)
				}
			}
			if s.get(t, b.Path("things")).Status != http.StatusNotFound {
				return errors.New("it is still served")
			}
			return nil
		})
		wantPlain(t, s.get(t, b.Path("things")), http.StatusNotFound, "404 page not found\n")
	})
}

// builtIn returns an error unless exactly the built-in APIServices exist, and are local and available.
func builtIn(services []apiregistrationv1.APIService, metrics string) error {
	for _, service := range services {
		if available := fmt.Sprintf("aggregator_unavailable_apiservice{name=%q} 0\n", service.Name); !strings.Contains(metrics, available) {
			return fmt.Errorf("metrics don't say that APIService %s is available", service.Name)
		}
		if conditions := service.Status.Conditions; service.Spec.Service != nil || len(conditions) != 1 || conditions[0].Reason != "Local" {
			return fmt.Errorf("APIService %s is not local", service.Name)
		}
	}
	if strings.Contains(metrics, "aggregator_unavailable_apiservice_total{") {
		return errors.New("an APIService is said to have been unavailable")
	}
	return nil
}

// paths returns the paths that the server lists.
func (s *suite) paths(t *testing.T) []string {
	t.Helper()
	var root metav1.RootPaths
	if a := s.get(t, "/"); json.Unmarshal([]byte(a.Body), &root) != nil || len(root.Paths) == 0 {
		t.Fatalf("no paths: %d %s", a.Status, a.Body)
	}
	return root.Paths
}
