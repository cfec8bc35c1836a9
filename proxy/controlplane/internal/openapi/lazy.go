// Package openapi serves the OpenAPI documents of the control plane with less memory and delay than kube-apiserver.
package openapi

import (
	"bytes"
	"crypto/sha512"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	restful "github.com/emicklei/go-restful/v3"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/mux"
	"k8s.io/kube-openapi/pkg/builder"
	"k8s.io/kube-openapi/pkg/builder3"
	"k8s.io/kube-openapi/pkg/cached"
	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/common/restfuladapter"
	"k8s.io/kube-openapi/pkg/handler"
	"k8s.io/kube-openapi/pkg/handler3"
	"k8s.io/kube-openapi/pkg/spec3"
	"k8s.io/kube-openapi/pkg/validation/spec"
)

// V2Path and V3Path are the paths of the documents, and of the index of v3 documents.
const (
	V2Path = "/openapi/v2"
	V3Path = "/openapi/v3"
)

const gvkExtension = "x-kubernetes-group-version-kind"

// InstallLazy serves the OpenAPI documents of a server's APIs, as GenericAPIServer.PrepareRun would, but builds each document on
// the first request for it. Together they take 0.4 s and 50 MB, and most are never requested.
func InstallLazy(server *genericapiserver.GenericAPIServer, v2 *common.Config, v3 *common.OpenAPIV3Config) error {
	services := server.Handler.GoRestfulContainer.RegisteredWebServices()
	target := server.Handler.NonGoRestfulMux
	handler.NewOpenAPIServiceLazy(once(func() (*spec.Swagger, error) {
		document, err := builder.BuildOpenAPISpecFromRoutes(restfuladapter.AdaptWebServices(services), v2)
		if err != nil {
			return nil, fmt.Errorf("build the OpenAPI v2 document: %w", err)
		}
		document.Definitions = handler.PruneDefaults(document.Definitions)
		return document, nil
	})).RegisterOpenAPIVersionedService(V2Path, target)
	return installLazyV3(target, services, v3)
}

// installLazyV3 differs from the stock handler in the index. The stock handler derives each document's hash from its content, so it
// builds all documents to list them. Here, the hash identifies the code that builds them.
func installLazyV3(target *mux.PathRecorderMux, services []*restful.WebService, config *common.OpenAPIV3Config) error {
	hash := buildHash()
	documents := handler3.NewOpenAPIService()
	index := handler3.OpenAPIV3Discovery{Paths: map[string]handler3.OpenAPIV3DiscoveryGroupVersion{}}
	for _, service := range services {
		gv := strings.TrimPrefix(service.RootPath(), "/")
		index.Paths[gv] = handler3.OpenAPIV3DiscoveryGroupVersion{ServerRelativeURL: v3URL(gv, hash)}
		documents.UpdateGroupVersionLazy(gv, once(func() (*spec3.OpenAPI, error) { return buildV3(gv, service, config) }))
	}
	body, err := json.Marshal(index)
	if err != nil {
		return fmt.Errorf("encode the index of OpenAPI v3 documents: %w", err)
	}
	etag := fmt.Sprintf("%q", fmt.Sprintf("%X", sha512.Sum512(body)))
	modified := time.Now()
	target.HandleFunc(V3Path, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Etag", etag)
		http.ServeContent(w, r, V3Path, modified, bytes.NewReader(body))
	})
	target.HandlePrefix(V3Path+"/", withHash(hash, http.HandlerFunc(documents.HandleGroupVersion)))
	return nil
}

// withHash serves requests with the hash of the index, as responses that clients may cache forever. The stock handler serves requests with
// the hash of the content in the same way, and redirects all others to it.
func withHash(hash string, documents http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		if query.Get("hash") == hash {
			w.Header().Set("Cache-Control", "public, immutable")
			w.Header().Set("Expires", time.Now().AddDate(1, 0, 0).Format(time.RFC1123))
			query.Del("hash")
			r = r.Clone(r.Context())
			r.URL.RawQuery = query.Encode()
		}
		documents.ServeHTTP(w, r)
	})
}

func v3URL(gv, hash string) string {
	u := url.URL{Path: V3Path + "/" + gv, RawQuery: url.Values{"hash": {hash}}.Encode()}
	return u.String()
}

// buildHash returns a hash of the modules in this binary, which determine the built-in documents.
func buildHash() string {
	info, _ := debug.ReadBuildInfo()
	return fmt.Sprintf("%X", sha512.Sum512([]byte(info.String())))
}

func buildV3(gv string, service *restful.WebService, config *common.OpenAPIV3Config) (*spec3.OpenAPI, error) {
	document, err := builder3.BuildOpenAPISpecFromRoutes(restfuladapter.AdaptWebServices([]*restful.WebService{service}), config)
	if err != nil {
		return nil, fmt.Errorf("build the OpenAPI v3 document of %s: %w", gv, err)
	}
	if parts := strings.Split(gv, "/"); parts[0] == "api" && len(parts) == 2 {
		keepOwnKinds(document, "", parts[1])
	} else if parts[0] == "apis" && len(parts) == 3 {
		keepOwnKinds(document, parts[1], parts[2])
	}
	return document, nil
}

// keepOwnKinds narrows the group-version-kinds of WatchEvent and DeleteOptions, which are registered in every group,
// to the document's own group and version and to core/v1.
func keepOwnKinds(document *spec3.OpenAPI, group, version string) {
	if document.Components == nil {
		return
	}
	for _, schema := range document.Components.Schemas {
		all, _ := schema.Extensions[gvkExtension].([]any)
		if len(all) < 2 || !registeredEverywhere(all[0]) {
			continue
		}
		var own []any
		for _, gvk := range all {
			if gvkIs(gvk, group, version) || gvkIs(gvk, "", "v1") {
				own = append(own, gvk)
			}
		}
		schema.Extensions[gvkExtension] = own
	}
}

func registeredEverywhere(gvk any) bool {
	fields, _ := gvk.(map[string]any)
	return fields["kind"] == "WatchEvent" || fields["kind"] == "DeleteOptions"
}

func gvkIs(gvk any, group, version string) bool {
	fields, _ := gvk.(map[string]any)
	return fields["group"] == group && fields["version"] == version
}

// once returns a value that is built on first use, and kept.
func once[T any](build func() (T, error)) cached.Value[T] {
	return cached.Once(cached.Func(func() (T, string, error) {
		value, err := build()
		return value, "built", err
	}))
}
