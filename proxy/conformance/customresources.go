package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

// defineThings creates a CustomResourceDefinition of kind Thing, which is deleted after the test, and waits until it is served or
// refused.
func (s *suite) defineThings(t *testing.T, group string) {
	t.Helper()
	name := "things." + group
	definition, err := json.Marshal(map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": map[string]any{"name": name},
		"spec": map[string]any{
			"group": group, "scope": "Cluster", "names": map[string]any{"plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"},
			"versions": []any{map[string]any{
				"name": "v1", "served": true, "storage": true,
				"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object"}},
			}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if a := s.send(t, s.client, http.MethodPost, definitions, http.Header{"Content-Type": {"application/json"}}, string(definition)); a.Status != http.StatusCreated {
		t.Fatalf("create CustomResourceDefinition: %d %s", a.Status, a.Body)
	}
	t.Cleanup(func() { s.deleteThings(group) })
	proxytest.Eventually(t, "CustomResourceDefinition "+name, proxytest.Patience, func(context.Context) error {
		var definition struct {
			Status struct{ Conditions []metav1.Condition }
		}
		if a := s.get(t, definitions+"/"+name); json.Unmarshal([]byte(a.Body), &definition) != nil {
			return errors.New(a.Body)
		}
		for _, c := range definition.Status.Conditions {
			if c.Type == "Established" && c.Status == metav1.ConditionTrue {
				return nil
			}
		}
		return fmt.Errorf("conditions %+v", definition.Status.Conditions)
	})
}

// deleteThings deletes a CustomResourceDefinition, which may not exist. It also works after the test's context has ended.
func (s *suite) deleteThings(group string) {
	request, err := http.NewRequest(http.MethodDelete, s.URL+definitions+"/things."+group, nil)
	if err != nil {
		return
	}
	if response, err := s.client.Do(request); err == nil {
		response.Body.Close()
	}
}

func (s *suite) customResourcesAreLocal(t *testing.T) {
	group := s.Namespace(t) + ".example.com"
	s.defineThings(t, group)
	s.wantCondition(t, "v1."+group, "True", "Local", "Local APIServices are always available")
	service, err := s.Aggregator(t).ApiregistrationV1().APIServices().Get(t.Context(), "v1."+group, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if service.Labels["kube-aggregator.kubernetes.io/automanaged"] != "true" || service.Spec.GroupPriorityMinimum != 1000 || service.Spec.VersionPriority != 100 {
		t.Errorf("the APIService is %v %+v", service.Labels, service.Spec)
	}
	proxytest.Eventually(t, "list of things", proxytest.Patience, func(context.Context) error {
		if a := s.get(t, "/apis/"+group+"/v1/things"); a.Status != http.StatusOK || !a.Contains(`"kind":"ThingList"`) {
			return fmt.Errorf("%d %s", a.Status, a.Body)
		}
		return nil
	})
	s.deleteThings(group)
	proxytest.Eventually(t, "end of the APIService", proxytest.Patience, func(context.Context) error {
		if a := s.get(t, "/apis/apiregistration.k8s.io/v1/apiservices/v1."+group); a.Status != http.StatusNotFound {
			return fmt.Errorf("%d %s", a.Status, a.Body)
		}
		return nil
	})
}

// remoteGoesFirst creates custom resources in a group and version that an extension-apiserver serves.
func (s *suite) remoteGoesFirst(t *testing.T) {
	b := s.backend(t, proxytest.BackendOptions{})
	s.defineThings(t, b.Options.Group)
	if seen := s.get(t, b.Path("things")).Echo(t); seen.Target != b.Path("things") {
		t.Errorf("the backend saw %+v", seen)
	}
	s.wantCondition(t, "v1."+b.Options.Group, "True", "Passed", "all checks passed")
}
