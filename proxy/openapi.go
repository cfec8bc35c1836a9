package proxy

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

const (
	openAPIv2Path = "/openapi/v2"
	openAPIv3Path = "/openapi/v3"
	gvkExtension  = "x-kubernetes-group-version-kind"
)

// installLazyOpenAPI serves the OpenAPI documents of what server has installed, as GenericAPIServer.PrepareRun would,
// but builds each when it is first asked for: together they cost 0.4 s and 50 MB, and most are never asked for.
func installLazyOpenAPI(server *genericapiserver.GenericAPIServer, v2 *common.Config, v3 *common.OpenAPIV3Config) error {
	services := server.Handler.GoRestfulContainer.RegisteredWebServices()
	target := server.Handler.NonGoRestfulMux
	handler.NewOpenAPIServiceLazy(once(func() (*spec.Swagger, error) {
		document, err := builder.BuildOpenAPISpecFromRoutes(restfuladapter.AdaptWebServices(services), v2)
		if err != nil {
			return nil, fmt.Errorf("build the OpenAPI v2 document: %w", err)
		}
		document.Definitions = handler.PruneDefaults(document.Definitions)
		return document, nil
	})).RegisterOpenAPIVersionedService(openAPIv2Path, target)
	return installLazyOpenAPIv3(target, services, v3)
}

// installLazyOpenAPIv3 differs from the stock handler in one thing: the index. Stock takes each document's hash from
// its content, so it must build all to list them. Here the hash stands for the code that builds them.
func installLazyOpenAPIv3(target *mux.PathRecorderMux, services []*restful.WebService, config *common.OpenAPIV3Config) error {
	hash := buildHash()
	documents := handler3.NewOpenAPIService()
	index := handler3.OpenAPIV3Discovery{Paths: map[string]handler3.OpenAPIV3DiscoveryGroupVersion{}}
	for _, service := range services {
		gv := strings.TrimPrefix(service.RootPath(), "/")
		index.Paths[gv] = handler3.OpenAPIV3DiscoveryGroupVersion{ServerRelativeURL: openAPIv3URL(gv, hash)}
		documents.UpdateGroupVersionLazy(gv, once(func() (*spec3.OpenAPI, error) { return buildV3(gv, service, config) }))
	}
	body, err := json.Marshal(index)
	if err != nil {
		return fmt.Errorf("encode the index of OpenAPI v3 documents: %w", err)
	}
	etag := fmt.Sprintf("%q", fmt.Sprintf("%X", sha512.Sum512(body)))
	modified := time.Now()
	target.HandleFunc(openAPIv3Path, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Etag", etag)
		http.ServeContent(w, r, openAPIv3Path, modified, bytes.NewReader(body))
	})
	target.HandlePrefix(openAPIv3Path+"/", withHash(hash, http.HandlerFunc(documents.HandleGroupVersion)))
	return nil
}

// withHash answers for the hash of the index, which is cacheable for ever. The stock handler knows another, of the
// content: it answers for that one in the same way, and redirects any other to it.
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

func openAPIv3URL(gv, hash string) string {
	u := url.URL{Path: openAPIv3Path + "/" + gv, RawQuery: url.Values{"hash": {hash}}.Encode()}
	return u.String()
}

// buildHash stands for everything a built-in document is made from: the modules this binary is built of.
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

// once is a value built when first asked for, and kept.
func once[T any](build func() (T, error)) cached.Value[T] {
	return cached.Once(cached.Func(func() (T, string, error) {
		value, err := build()
		return value, "built", err
	}))
}
