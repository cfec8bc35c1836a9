package deploy

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/apiserver-builder/builder/cmd/builder/internal/display"
)

// An apiserver serves discovery, and objects that change only with the requests of the test.
type apiserver struct {
	objects map[string]string // the responses to GET by path
	onWait  func()            // called when the status of the Deployment is read after it was applied

	mu       sync.Mutex
	requests []string // the requests that are not for discovery
	patched  bool
}

const (
	servicesPath   = "/apis/apiregistration.k8s.io/v1/apiservices"
	deploymentPath = "/apis/apps/v1/namespaces/team/deployments/shop-apiserver"
	servicePath    = "/api/v1/namespaces/team/services/shop-apiserver"
)

var discovery = map[string]string{
	"/api": `{"kind": "APIVersions", "versions": ["v1"]}`,
	"/apis": `{"kind": "APIGroupList", "apiVersion": "v1", "groups": [
		{"name": "apps", "versions": [{"groupVersion": "apps/v1", "version": "v1"}]},
		{"name": "apiregistration.k8s.io", "versions": [{"groupVersion": "apiregistration.k8s.io/v1", "version": "v1"}]}]}`,
	"/api/v1":                         `{"kind": "APIResourceList", "groupVersion": "v1", "resources": [{"name": "services", "namespaced": true, "kind": "Service"}]}`,
	"/apis/apps/v1":                   `{"kind": "APIResourceList", "groupVersion": "apps/v1", "resources": [{"name": "deployments", "namespaced": true, "kind": "Deployment"}]}`,
	"/apis/apiregistration.k8s.io/v1": `{"kind": "APIResourceList", "groupVersion": "apiregistration.k8s.io/v1", "resources": [{"name": "apiservices", "kind": "APIService"}]}`,
}

func (s *apiserver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if found, ok := discovery[r.URL.Path]; ok {
		fmt.Fprint(w, found)
		return
	}
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.requests = append(s.requests, r.Method+" "+r.URL.Path+" "+strings.TrimPrefix(r.Header.Get("Content-Type"), "application/"))
	s.patched = s.patched || r.Method == http.MethodPatch && r.URL.Path == deploymentPath
	waiting := s.patched && r.Method == http.MethodGet && r.URL.Path == deploymentPath
	s.mu.Unlock()
	if waiting && s.onWait != nil {
		s.onWait()
	}
	found, ok := s.objects[r.URL.Path]
	switch {
	case r.Method == http.MethodPatch && json.Valid(body) && body[0] == '{':
		_, _ = w.Write(body)
	case ok:
		fmt.Fprint(w, found)
	default:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}`)
	}
}

// options returns options for a server, and a project with a Service and a Deployment without namespaces.
func options(t *testing.T, handler http.Handler) Options {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections)
	dir := t.TempDir()
	folder := filepath.Join(dir, filepath.FromSlash(overlays), "dev")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"kustomization.yaml": "resources: [objects.yaml]\n",
		"objects.yaml": `{apiVersion: v1, kind: Service, metadata: {name: shop-apiserver}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: shop-apiserver}, spec: {template: {spec: {containers: [{name: apiserver, image: a}]}}}}
`,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Options{
		Dir: dir, Project: "shop", Overlay: "dev", Config: &rest.Config{Host: server.URL}, Namespace: "team", Timeout: time.Minute,
		Display: display.New(io.Discard, false),
	}
}

// rolledOut is a Deployment, once applied with kubectl, that has rolled out.
const rolledOut = `{"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 1},
	"metadata": {"name": "shop-apiserver", "namespace": "team", "resourceVersion": "7", "managedFields": [
		{"manager": "kubectl-client-side-apply", "operation": "Update", "apiVersion": "apps/v1", "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:replicas": {}}}}]},
	"status": {"updatedReplicas": 1, "replicas": 1, "availableReplicas": 1}}`

// TestDeploy verifies that Deploy uses the namespace of the kubeconfig, takes over the fields that kubectl has applied, and deletes the APIServices
// that only an earlier version of the overlay has.
func TestDeploy(t *testing.T) {
	s := &apiserver{objects: map[string]string{
		deploymentPath: rolledOut,
		servicesPath: `{"kind": "APIServiceList", "apiVersion": "apiregistration.k8s.io/v1", "items": [
			{"metadata": {"name": "v1.example.com"}, "spec": {"service": {"name": "shop-apiserver", "namespace": "team"}}},
			{"metadata": {"name": "v1.example.org"}, "spec": {"service": {"name": "shop-apiserver", "namespace": "other"}}},
			{"metadata": {"name": "v1.apps"}, "spec": {}}]}`,
		servicesPath + "/v1.example.com": `{"kind": "Status", "apiVersion": "v1", "status": "Success"}`,
	}}
	result, err := Deploy(t.Context(), options(t, s))
	if err != nil {
		t.Fatal(err)
	}
	if want := (Result{Objects: 2, Removed: []string{"v1.example.com"}}); !reflect.DeepEqual(result, want) {
		t.Errorf("got %v, want %v", result, want)
	}
	want := []string{
		"GET " + servicePath + " ",
		"PATCH " + servicePath + " apply-patch+yaml",
		"GET " + deploymentPath + " ",
		"PATCH " + deploymentPath + " json-patch+json",
		"PATCH " + deploymentPath + " apply-patch+yaml",
		"GET " + servicesPath + " ",
		"DELETE " + servicesPath + "/v1.example.com json",
		"GET " + deploymentPath + " ",
	}
	if !slices.Equal(s.requests, want) {
		t.Errorf("got %q, want %q", s.requests, want)
	}
}

// TestUndeploy verifies that Undeploy deletes objects in the namespace of the kubeconfig.
func TestUndeploy(t *testing.T) {
	s := &apiserver{objects: map[string]string{servicesPath: `{"kind": "APIServiceList", "apiVersion": "apiregistration.k8s.io/v1", "items": []}`}}
	if n, err := Undeploy(t.Context(), options(t, s)); n != 0 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	for _, want := range []string{"DELETE " + servicePath + " json", "DELETE " + deploymentPath + " json"} {
		if !slices.Contains(s.requests, want) {
			t.Errorf("%q is missing in %q", want, s.requests)
		}
	}
}

// TestInterrupted interrupts the commands while the cluster does not respond, and while a Deployment rolls out.
func TestInterrupted(t *testing.T) {
	hanging := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	soon(t, func() {
		if _, err := Deploy(ctx, options(t, hanging)); err == nil || !strings.HasPrefix(err.Error(), "interrupted: some objects may have been applied") {
			t.Errorf("deploy: %v", err)
		}
		if _, err := Undeploy(ctx, options(t, hanging)); err == nil || !strings.HasPrefix(err.Error(), "interrupted: some objects may still exist") {
			t.Errorf("undeploy: %v", err)
		}
		o := options(t, hanging)
		o.Timeout = 100 * time.Millisecond
		if _, err := Deploy(t.Context(), o); err == nil || strings.Contains(err.Error(), "interrupted") {
			t.Errorf("with a timeout: %v", err)
		}
	})
	ctx, interrupt := context.WithCancel(t.Context())
	s := &apiserver{objects: map[string]string{
		deploymentPath: `{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"generation": 2}}`,
		servicesPath:   `{"kind": "APIServiceList", "apiVersion": "apiregistration.k8s.io/v1", "items": []}`,
	}, onWait: interrupt}
	soon(t, func() {
		if _, err := Deploy(ctx, options(t, s)); err == nil || !strings.HasPrefix(err.Error(), "interrupted: ") {
			t.Errorf("while it rolls out: %v", err)
		}
	})
	if slices.ContainsFunc(s.requests, func(r string) bool { return strings.Contains(r, "pods") }) {
		t.Errorf("Pods were read: %q", s.requests)
	}
}

// soon fails the test if f takes as long as a request of client-go without a context.
func soon(t *testing.T, f func()) {
	t.Helper()
	start := time.Now()
	if f(); time.Since(start) > 15*time.Second {
		t.Errorf("it took %s", time.Since(start))
	}
}
