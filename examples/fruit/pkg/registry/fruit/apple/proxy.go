package apple

import (
	"context"
	"fmt"
	"net/http"
)

// Proxy returns the handler of a request to the subresource proxy or a path below it. ctx ends with the request. To return
// an error with a specific HTTP status, create it with k8s.io/apimachinery/pkg/api/errors. To pass requests on to another server, with
// upgrades to WebSocket and SPDY, return a proxy:
//
//	return &registry.Proxy{Target: &url.URL{Scheme: "http", Host: "localhost:8080"}, Path: options.Path}, nil
func (Strategy) Proxy(ctx context.Context, obj *Apple, options *AppleProxyOptions) (http.Handler, error) {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		_, _ = fmt.Fprintf(w, "%s %s%s: %q\n", req.Method, obj.Name, options.Path, options.Text)
	}), nil
}
