package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kube-openapi/pkg/validation/spec"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// openAPIUser is the user that requests the OpenAPI documents of extension-apiservers.
const openAPIUser = "system:aggregator"

// openAPI checks how the documents of extension-apiservers are merged and served.
func (s *suite) openAPI(t *testing.T) {
	run(t, "v3_is_listed_and_handed_through", s.openAPIV3)
	run(t, "v2_is_merged", s.openAPIV2)
	run(t, "v2_is_v3_for_servers_without", s.openAPIConverted)
}

func (s *suite) openAPIV3(t *testing.T) {
	b := proxytest.StartBackend(t, s.ControlPlane, proxytest.BackendOptions{})
	key := strings.TrimPrefix(b.Path(), "/")
	own := "/openapi/v3/" + key
	const document = `{"openapi":"3.0.0","info":{"title":"things","version":"v1"},"paths":{}}`
	b.Handle("/openapi/v3", proxytest.Respond(http.StatusOK, http.Header{"Content-Type": {"application/json"}},
		`{"paths":{"`+key+`":{"serverRelativeURL":"`+own+`?hash=ABC"}}}`))
	b.Handle(own, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"ABC"`)
		if r.Header.Get("If-None-Match") == `"ABC"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		proxytest.Respond(http.StatusOK, http.Header{"Content-Type": {"application/json"}}, document)(w, r)
	})
	b.Register(t, s.ControlPlane)
	var url string
	proxytest.Eventually(t, "document of "+key, proxytest.Patience, func(context.Context) error {
		url = s.openAPIV3Paths(t)[key]
		if url == "" {
			return errors.New("it is not listed")
		}
		return nil
	})
	if url != own+"?hash=ABC" {
		t.Errorf("it is at %s, want where the backend says", url)
	}
	a := s.get(t, url)
	a.Want(t, http.StatusOK, document)
	a.WantHeader(t, "Etag", `"ABC"`)
	s.send(t, s.client, http.MethodGet, url, http.Header{"If-None-Match": {`"ABC"`}}, "").Want(t, http.StatusNotModified, "")
	for _, r := range b.Requests("/openapi/v3") {
		proxytest.WantHeader(t, r.Header, "X-Remote-User", openAPIUser)
	}
	for _, r := range b.Requests(own) {
		proxytest.WantHeader(t, r.Header, "X-Remote-User", userName)
	}
	s.unregister(t, b)
	proxytest.Eventually(t, "end of the document", proxytest.Patience, func(context.Context) error {
		if s.openAPIV3Paths(t)[key] != "" || s.get(t, url).Status != http.StatusNotFound {
			return errors.New("it is still there")
		}
		return nil
	})
}

// openAPIV3Paths returns the URL of the document of each group and version.
func (s *suite) openAPIV3Paths(t *testing.T) map[string]string {
	t.Helper()
	var list struct {
		Paths map[string]struct{ ServerRelativeURL string }
	}
	if a := s.get(t, "/openapi/v3"); json.Unmarshal([]byte(a.Body), &list) != nil || a.Status != http.StatusOK {
		t.Fatalf("/openapi/v3 answers %d %s", a.Status, a.Body)
	}
	paths := map[string]string{}
	for key, document := range list.Paths {
		paths[key] = document.ServerRelativeURL
	}
	return paths
}

func (s *suite) unregister(t *testing.T, b *proxytest.Backend) {
	t.Helper()
	if err := s.Aggregator(t).ApiregistrationV1().APIServices().Delete(t.Context(), "v1."+b.Options.Group, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

// conflicting is the name of a definition that other documents define differently.
const conflicting = "io.k8s.apimachinery.pkg.apis.meta.v1.Preconditions"

// serveOpenAPIV2 makes the backend serve a document with its own path, a path of another server, and definitions for both.
func serveOpenAPIV2(b *proxytest.Backend) {
	const document = `{
		"swagger": "2.0", "info": {"title": "things", "version": "v1"},
		"paths": {
			"%[1]s/things": {"get": {"operationId": "list-%[2]s", "responses": {"200": {"description": "OK", "schema": {"$ref": "#/definitions/%[2]s.Thing"}}}}},
			"/apis/elsewhere.example.com/v1/others": {"get": {"operationId": "others", "responses": {"200": {"description": "OK", "schema": {"$ref": "#/definitions/%[2]s.Other"}}}}}
		},
		"definitions": {
			"%[2]s.Thing": {"type": "object", "properties": {"conflict": {"$ref": "#/definitions/%[3]s"}}},
			"%[2]s.Other": {"type": "object"},
			"%[3]s": {"type": "object", "description": "another one", "properties": {"different": {"type": "string"}}}
		}
	}`
	// The ETag must be unique, because the aggregation layer compares documents of different servers only by their ETags.
	etag := `"` + b.Options.Group + `"`
	b.Handle("/openapi/v2", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", etag)
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		proxytest.Respond(http.StatusOK, http.Header{"Content-Type": {"application/json"}}, fmt.Sprintf(document, b.Path(), b.Options.Group, conflicting))(w, r)
	})
}

// openAPIV2Document returns the merged document.
func (s *suite) openAPIV2Document(t *testing.T) (document spec.Swagger, etag string) {
	t.Helper()
	a := s.send(t, s.client, http.MethodGet, "/openapi/v2", http.Header{"Accept": {"application/json"}}, "")
	if err := json.Unmarshal([]byte(a.Body), &document); err != nil || a.Status != http.StatusOK {
		t.Fatalf("/openapi/v2 answers %d with %d bytes: %v", a.Status, len(a.Body), err)
	}
	return document, a.Header.Get("Etag")
}

func (s *suite) openAPIV2(t *testing.T) {
	b := proxytest.StartBackend(t, s.ControlPlane, proxytest.BackendOptions{})
	serveOpenAPIV2(b)
	_, before := s.openAPIV2Document(t)
	b.Register(t, s.ControlPlane)
	var document spec.Swagger
	var etag string
	proxytest.Eventually(t, "merged document", proxytest.Patience, func(context.Context) error {
		if len(b.Requests("/openapi/v2")) == 0 {
			return errors.New("the backend was not asked")
		}
		if document, etag = s.openAPIV2Document(t); document.Paths.Paths[b.Path("things")].Get == nil {
			return errors.New("the backend's path is not in it")
		}
		return nil
	})
	if before == "" || etag == before {
		t.Errorf("ETag is %s, and was %s without the backend", etag, before)
	}
	s.wantMerged(t, b, document)
	proxytest.Eventually(t, "unchanged document", proxytest.Patience, func(context.Context) error {
		_, etag := s.openAPIV2Document(t)
		a := s.send(t, s.client, http.MethodGet, "/openapi/v2", http.Header{"Accept": {"application/json"}, "If-None-Match": {etag}}, "")
		if a.Status != http.StatusNotModified {
			return fmt.Errorf("If-None-Match: %s answers %d", etag, a.Status) // another test has added a document
		}
		return nil
	})
	for _, r := range b.Requests("/openapi/v2") {
		proxytest.WantHeader(t, r.Header, "X-Remote-User", openAPIUser)
		proxytest.WantHeader(t, r.Header, "Accept", "application/json")
	}
	s.unregister(t, b)
	proxytest.Eventually(t, "end of the path", proxytest.Patience, func(context.Context) error {
		if document, _ := s.openAPIV2Document(t); document.Paths.Paths[b.Path("things")].Get != nil {
			return errors.New("it is still there")
		}
		return nil
	})
}

// wantMerged checks the backend's part of the merged document.
func (s *suite) wantMerged(t *testing.T, b *proxytest.Backend, document spec.Swagger) {
	t.Helper()
	if _, there := document.Paths.Paths["/apis/elsewhere.example.com/v1/others"]; there {
		t.Error("a path of a group that is not the backend's is in it")
	}
	if _, there := document.Definitions[b.Options.Group+".Other"]; there {
		t.Error("a definition for nothing but another's path is in it")
	}
	if _, there := document.Paths.Paths["/api/v1/pods"]; !there {
		t.Error("the built-in paths are not in it")
	}
	if _, different := document.Definitions[conflicting].Properties["different"]; different {
		t.Errorf("the built-in definition %s was replaced", conflicting)
	}
	property := document.Definitions[b.Options.Group+".Thing"].Properties["conflict"]
	renamed := strings.TrimPrefix(property.Ref.String(), "#/definitions/")
	if _, different := document.Definitions[renamed].Properties["different"]; renamed != conflicting+"_v2" || !different {
		t.Errorf("the backend's %s is %s", conflicting, renamed)
	}
}

func (s *suite) openAPIConverted(t *testing.T) {
	b := proxytest.StartBackend(t, s.ControlPlane, proxytest.BackendOptions{})
	serveOpenAPIV2(b)
	b.Register(t, s.ControlPlane)
	key := strings.TrimPrefix(b.Path(), "/")
	proxytest.Eventually(t, "converted document", proxytest.Patience, func(context.Context) error {
		url := s.openAPIV3Paths(t)[key]
		if !strings.HasPrefix(url, "/openapi/v3/"+key+"?hash=") {
			return fmt.Errorf("it is at %q", url)
		}
		var document struct {
			OpenAPI string
			Paths   map[string]any
		}
		if a := s.get(t, url); json.Unmarshal([]byte(a.Body), &document) != nil || document.OpenAPI != "3.0.0" || document.Paths[b.Path("things")] == nil {
			return fmt.Errorf("it is %d %s", a.Status, a.Body)
		}
		return nil
	})
}
