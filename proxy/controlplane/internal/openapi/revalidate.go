package openapi

import (
	"net/http"
	"strings"

	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

// Revalidate makes the server answer requests for the OpenAPI document of a group version with its current content. kube-apiserver
// reads the document's hash once a minute, and forwards requests with the old hash until then. A new extension-apiserver answers
// them with a redirect, which kube-apiserver refuses. Without the hash, the response has an ETag, and clients revalidate it.
func Revalidate(config *app.Config) {
	generic := config.Aggregator.GenericConfig
	stock := generic.BuildHandlerChainFunc
	generic.BuildHandlerChainFunc = func(api http.Handler, c *genericapiserver.Config) http.Handler {
		return stock(withoutHash(api), c)
	}
}

// withoutHash removes the hash from requests for the OpenAPI document of a group version.
func withoutHash(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if query := r.URL.Query(); strings.HasPrefix(r.URL.Path, "/openapi/v3/apis/") && query.Has("hash") {
			query.Del("hash")
			r = r.Clone(r.Context())
			r.URL.RawQuery = query.Encode()
			r.RequestURI = r.URL.RequestURI()
		}
		next.ServeHTTP(w, r)
	})
}
