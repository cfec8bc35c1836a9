package controlplane

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/mux"
	"k8s.io/apiserver/pkg/server/routes"
	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/handler3"

	"github.com/apiserver-builder/builder/proxy/controlplane/internal/openapi"
	"github.com/apiserver-builder/builder/proxy/controlplane/internal/ports"
	"github.com/apiserver-builder/builder/proxy/internal/pki"
)

// kubeServer builds the chain of servers with its own etcd, and returns kube-apiserver's part of it, which does not run.
func kubeServer(t *testing.T) (*genericapiserver.GenericAPIServer, *common.Config, *common.OpenAPIV3Config) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	t.Cleanup(func() { cancel(nil) })
	o := NewOptions()
	o.DataDir, o.UnsafeNoFsync = t.TempDir(), true
	bind := net.IPv4(127, 0, 0, 1)
	if err := (pki.Issuer{Dir: o.certs(), Serving: servingNames(bind)}).Ensure(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	listener, err := ports.Listen(bind.String(), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	storage, err := o.openStorage(ctx, cancel)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(storage.Close)
	config, err := newConfig(ctx, o.kube, listener, o.certs(), storage.Transport)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(config.Options.InformerName.Release)
	server, err := newAPIServer(config, o.DiscoveryTimeout)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.GenericAPIServer.Destroy)
	generic := config.KubeAPIs.ControlPlane.Generic
	return server.GenericAPIServer.NextDelegate().(*genericapiserver.GenericAPIServer), generic.OpenAPIConfig, generic.OpenAPIV3Config
}

func get(t *testing.T, handler http.Handler, path, accept string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequest(http.MethodGet, path, nil)
	request.Header.Set("Accept", accept)
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder
}

func index(t *testing.T, handler http.Handler) map[string]handler3.OpenAPIV3DiscoveryGroupVersion {
	t.Helper()
	var index handler3.OpenAPIV3Discovery
	if err := json.Unmarshal(get(t, handler, openapi.V3Path, "application/json").Body.Bytes(), &index); err != nil {
		t.Fatal(err)
	}
	return index.Paths
}

// TestLazyOpenAPIEqualsStock compares every document with the one that kube-apiserver's own installation builds from the same routes.
func TestLazyOpenAPIEqualsStock(t *testing.T) {
	server, v2, v3 := kubeServer(t)
	lazy := server.Handler.NonGoRestfulMux
	stock := mux.NewPathRecorderMux("stock")
	installation := routes.OpenAPI{Config: v2, V3Config: v3}
	installation.InstallV2(server.Handler.GoRestfulContainer, stock)
	installation.InstallV3(server.Handler.GoRestfulContainer, stock)

	got, want := index(t, lazy), index(t, stock)
	if len(want) < 40 {
		t.Fatalf("the stock index lists %d documents: %v", len(want), want)
	}
	if len(got) != len(want) {
		t.Errorf("the index lists %d documents, stock %d", len(got), len(want))
	}
	documents := []string{openapi.V2Path}
	for gv := range want {
		documents = append(documents, openapi.V3Path+"/"+gv)
	}
	for _, path := range documents {
		g, w := get(t, lazy, path, "application/json"), get(t, stock, path, "application/json")
		if g.Code != w.Code || g.Header().Get("Content-Type") != w.Header().Get("Content-Type") || g.Header().Get("Vary") != w.Header().Get("Vary") {
			t.Errorf("%s: status and headers %d %v, stock %d %v", path, g.Code, g.Header(), w.Code, w.Header())
		}
		if g.Body.String() != w.Body.String() {
			t.Errorf("%s differs (-stock +lazy):\n%s", path, cmp.Diff(decode(t, w), decode(t, g)))
		}
	}
}

func decode(t *testing.T, response *httptest.ResponseRecorder) (document any) {
	t.Helper()
	if err := json.Unmarshal(response.Body.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	return document
}

// TestLazyOpenAPICaching checks that clients can cache documents, and that other hashes redirect to a document that they can cache.
func TestLazyOpenAPICaching(t *testing.T) {
	const immutable = "public, immutable"
	server, _, _ := kubeServer(t)
	lazy := server.Handler.NonGoRestfulMux
	const path = openapi.V3Path + "/apis/apps/v1"
	listed := index(t, lazy)["apis/apps/v1"].ServerRelativeURL
	fetched := get(t, lazy, listed, "*/*")
	if fetched.Code != http.StatusOK || fetched.Header().Get("Cache-Control") != immutable {
		t.Errorf("%s gives %d %v", listed, fetched.Code, fetched.Header())
	}
	plain := get(t, lazy, path, "*/*")
	if plain.Code != http.StatusOK || plain.Header().Get("Cache-Control") != "" {
		t.Errorf("no hash gives %d %v", plain.Code, plain.Header())
	}
	old := get(t, lazy, path+"?hash=OLD", "*/*")
	location := old.Header().Get("Location")
	if old.Code != http.StatusMovedPermanently || !strings.HasPrefix(location, path+"?hash=") {
		t.Fatalf("an old hash gives %d %v", old.Code, old.Header())
	}
	current := get(t, lazy, location, "*/*")
	if current.Code != http.StatusOK || current.Header().Get("Cache-Control") != immutable {
		t.Errorf("%s gives %d %v", location, current.Code, current.Header())
	}
	if fetched.Body.String() != plain.Body.String() || current.Body.String() != plain.Body.String() {
		t.Error("the documents differ")
	}
}
