package apiserver

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	genericapiserver "k8s.io/apiserver/pkg/server"
	utilcompatibility "k8s.io/apiserver/pkg/util/compatibility"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// TestNotServed checks that, if an API responds with 404, the admission plugins that need it are switched off only if the cluster's list of APIs
// lacks it too. A load balancer also responds with 404 while the kube-apiservers behind it are down.
func TestNotServed(t *testing.T) {
	policy, list := "/apis/admissionregistration.k8s.io/v1", "/apis"
	group := func(version string) any {
		return metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}, Groups: []metav1.APIGroup{{
			Name:     "admissionregistration.k8s.io",
			Versions: []metav1.GroupVersionForDiscovery{{GroupVersion: "admissionregistration.k8s.io/" + version, Version: version}},
		}}}
	}
	older := metav1.APIResourceList{GroupVersion: "admissionregistration.k8s.io/v1", APIResources: []metav1.APIResource{{Name: "validatingadmissionpolicies"}}}
	for name, test := range map[string]struct {
		responses map[string]any
		want      bool // whether whyUnreadable must report that the cluster does not serve the API
	}{
		"nothing":                        {map[string]any{}, false},
		"a list of groups that has v1":   {map[string]any{list: group("v1")}, false},
		"an empty list":                  {map[string]any{list: metav1.APIGroupList{}}, false},
		"a list of groups that lacks v1": {map[string]any{list: group("v1beta1")}, true},
		"v1, without the resource":       {map[string]any{policy: older}, true},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnforcement()
			e.client = kubernetes.NewForConfigOrDie(&rest.Config{Host: serveDocuments(t, test.responses)})
			reason, err := e.whyUnreadable(t.Context(), policies("mutatingadmissionpolicies"))
			if got := reason != "" && err == nil; got != test.want {
				t.Errorf("got %q, %v; want a reason: %t", reason, err, test.want)
			}
			if reason, err := e.whyUnreadable(t.Context(), namespaces); err == nil {
				t.Errorf("got %q for namespaces, which every cluster serves; want an error", reason)
			}
		})
	}
}

// TestReadRights checks that the server needs each of the verbs get, list and watch.
func TestReadRights(t *testing.T) {
	served := metav1.APIResourceList{GroupVersion: "v1", APIResources: []metav1.APIResource{{Name: "namespaces"}}}
	for _, missing := range []string{"get", "list", "watch"} {
		mux := http.NewServeMux()
		mux.HandleFunc("/api/v1", func(w http.ResponseWriter, _ *http.Request) { write(w, served) })
		mux.HandleFunc("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", func(w http.ResponseWriter, req *http.Request) {
			var review authorizationv1.SelfSubjectAccessReview
			if err := json.NewDecoder(req.Body).Decode(&review); err != nil {
				t.Error(err)
			}
			review.Status.Allowed = review.Spec.ResourceAttributes.Verb != missing
			write(w, review)
		})
		server := httptest.NewServer(mux)
		t.Cleanup(server.Close)
		e := newEnforcement()
		e.client = kubernetes.NewForConfigOrDie(&rest.Config{Host: server.URL, ContentConfig: rest.ContentConfig{ContentType: "application/json"}})
		want := "this server has no permission to " + missing + " namespaces: grant it in ClusterRole shop-apiserver"
		if got, err := e.whyUnreadable(t.Context(), namespaces); got != want || err != nil {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
}

// TestOwnInitializers checks that the plugin initializers in the options are also called for the plugins of k8s.io/apiserver.
func TestOwnInitializers(t *testing.T) {
	e := newEnforcement()
	client := kubernetes.NewForConfigOrDie(&rest.Config{})
	e.client, e.informers = client, informers.NewSharedInformerFactory(client, 0)
	config := genericapiserver.NewRecommendedConfig(Codecs)
	config.ClientConfig = &rest.Config{}
	config.Authorization.Authorizer = authorizerfactory.NewAlwaysAllowAuthorizer()
	config.EffectiveVersion = utilcompatibility.DefaultBuildEffectiveVersion()
	var own recorder
	if err := e.prepare(config, utilfeature.DefaultFeatureGate, []admission.PluginInitializer{&own}); err != nil {
		t.Fatal(err)
	}
	p := &plugin{name: "ValidatingAdmissionWebhook", enforcement: e}
	if err := p.start(func() {}); err != nil {
		t.Fatal(err)
	}
	if own != 1 {
		t.Errorf("the project's initializer saw %d plugins, want 1", own)
	}
}

// TestUnreachableCluster checks that the start fails after the cluster has not responded for 30 seconds, and not earlier.
func TestUnreachableCluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		unreachable, started := errors.New("unreachable"), time.Now()
		fail := roundTripper(func(*http.Request) (*http.Response, error) { return nil, unreachable })
		if err := newEnforcement().inspect(&rest.Config{Transport: fail}); !errors.Is(err, unreachable) {
			t.Errorf("got %v, want the error of a request", err)
		}
		if took := time.Since(started); took != 30*time.Second {
			t.Errorf("it took %s, want 30 s", took)
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// TestWithoutCluster checks that a server starts with options that don't need a cluster.
func TestWithoutCluster(t *testing.T) {
	o := NewOptions()
	o.Recommended.CoreAPI, o.Recommended.Admission, o.Recommended.Features = nil, nil, nil
	if err := o.enforcement.applyTo(o.Recommended, genericapiserver.NewRecommendedConfig(Codecs)); err != nil {
		t.Error(err)
	}
}

type recorder int

// Initialize implements admission.PluginInitializer.
func (r *recorder) Initialize(admission.Interface) { *r++ }

// serveDocuments serves these documents, and status 404 for all other paths.
func serveDocuments(t *testing.T, documents map[string]any) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if document, ok := documents[req.URL.Path]; ok {
			write(w, document)
			return
		}
		http.NotFound(w, req)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func write(w http.ResponseWriter, document any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(document)
}
