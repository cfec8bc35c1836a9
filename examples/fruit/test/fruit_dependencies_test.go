package test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	genericapiserver "k8s.io/apiserver/pkg/server"
	utilcompatibility "k8s.io/apiserver/pkg/util/compatibility"
	"k8s.io/client-go/rest"

	"example.com/shop/pkg/apis/fruit/v1alpha1"
	"example.com/shop/pkg/apiserver"
	"example.com/shop/pkg/registry"
)

// TestDependenciesForbidden requests an informer whose objects the server has no permission to list. The server does not
// become ready, and then fails with the reason.
func TestDependenciesForbidden(t *testing.T) {
	t.Parallel()
	server, d := bareServer(t, apiserverConfig())
	d.KubernetesInformers().Core().V1().Secrets().Informer()
	failed := make(chan error, 1)
	if err := registry.AddHooks(server, d, func(err error) { failed <- err }); err != nil {
		t.Fatal(err)
	}
	server.PrepareRun()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	server.RunPostStartHooks(ctx)

	eventually(t, func() error {
		return wantMessage(readyz(server), "dependencies, not synced: *v1.Secret failed")
	})
	select {
	case err := <-failed:
		for _, want := range []string{
			`*v1.Secret: secrets is forbidden: User "system:serviceaccount:` + namespace + ":" + apiserverName + `" cannot list resource "secrets"`,
			`// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch`,
		} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %s", err, want)
			}
		}
	case <-time.After(time.Minute):
		t.Error("the server has not failed after a minute")
	}
}

// TestDependenciesUnused checks that a server has no additional hook if nothing uses the dependencies.
func TestDependenciesUnused(t *testing.T) {
	server, d := bareServer(t, apiserverConfig())
	if err := registry.AddHooks(server, d, nil); err != nil {
		t.Fatal(err)
	}
	if err := server.AddPostStartHook("dependencies", func(genericapiserver.PostStartHookContext) error { return nil }); err != nil {
		t.Errorf("the hook exists already: %v", err)
	}
}

// TestDependenciesEvents records an event of an object of the project, before the server starts.
func TestDependenciesEvents(t *testing.T) {
	server, d := bareServer(t, config)
	recorder := d.EventRecorder("orchards")
	recorder.Eventf(&v1alpha1.Orchard{ObjectMeta: metav1.ObjectMeta{Name: "recorded"}}, nil, corev1.EventTypeNormal, "Grown", "Grow", "a test")
	if err := registry.AddHooks(server, d, nil); err != nil {
		t.Fatal(err)
	}
	server.PrepareRun()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	server.RunPostStartHooks(ctx)

	events := kubernetesClient(t).EventsV1().Events(metav1.NamespaceDefault)
	eventually(t, func() error {
		list, err := events.List(t.Context(), metav1.ListOptions{FieldSelector: "regarding.name=recorded"})
		if err != nil {
			return err
		}
		if len(list.Items) != 1 {
			return fmt.Errorf("got %d events, want 1", len(list.Items))
		}
		got := list.Items[0]
		if got.Regarding.Kind != "Orchard" || got.Regarding.APIVersion != "fruit.example.com/v1alpha1" || got.ReportingController != "orchards" {
			t.Errorf("the event is %+v", got)
		}
		return nil
	})
}

// apiserverConfig returns a config with the permissions of the project's apiserver.
func apiserverConfig() *rest.Config {
	return userConfig("system:serviceaccount:" + namespace + ":" + apiserverName)
}

// bareServer returns a server without APIs, and its dependencies, whose clients of kube-apiserver use the given config.
func bareServer(t *testing.T, client *rest.Config) (*genericapiserver.GenericAPIServer, *registry.Dependencies) {
	t.Helper()
	config := genericapiserver.NewRecommendedConfig(apiserver.Codecs)
	config.ClientConfig = client
	config.LoopbackClientConfig = &rest.Config{}
	config.ExternalAddress = "localhost:443"
	config.EffectiveVersion = utilcompatibility.DefaultBuildEffectiveVersion()
	d := registry.NewDependencies(config)
	server, err := config.Complete().New("bare", genericapiserver.NewEmptyDelegate())
	if err != nil {
		t.Fatal(err)
	}
	return server, d
}

// readyz returns the response of the server's readiness check as an error.
func readyz(server *genericapiserver.GenericAPIServer) error {
	recorder := httptest.NewRecorder()
	server.Handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/readyz?verbose", nil))
	return errors.New(recorder.Body.String())
}
