package aggregation

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/endpoints/request"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// TestRouteChangesDuringRequest changes the route of a request after HandlerChain has selected a backend for it.
func TestRouteChangesDuringRequest(t *testing.T) {
	unavailableBackend := &backend{}
	untrustedBackend := &backend{available: true, trustErr: errors.New("untrusted")}
	for name, c := range map[string]struct {
		before, after *backend
		status        int
	}{
		"replaced": {unavailableBackend, untrustedBackend, http.StatusServiceUnavailable},
		"removed":  {unavailableBackend, nil, http.StatusServiceUnavailable},
		"added":    {nil, untrustedBackend, http.StatusInternalServerError},
		"none":     {nil, nil, http.StatusTeapot},
	} {
		t.Run(name, func(t *testing.T) {
			layer := newTestLayer(t)
			setRoute := func(b *backend) {
				routes := map[string]*backend{}
				if b != nil {
					routes["example.com/v1"] = b
				}
				layer.routes.Store(&routes)
			}
			layer.following.Store(true)
			stock := func(api http.Handler, _ *genericapiserver.Config) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					setRoute(c.after)
					api.ServeHTTP(w, r)
				})
			}
			api := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
			handler := layer.HandlerChain(stock)(api, testConfig())
			setRoute(c.before)
			r := httptest.NewRequest(http.MethodGet, "/apis/example.com/v1/things", nil)
			r.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"echo"}} // takes the stock chain
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r.WithContext(request.WithUser(r.Context(), &user.DefaultInfo{Name: "jane"})))
			if w.Code != c.status {
				t.Errorf("got %d %q, want %d", w.Code, w.Body, c.status)
			}
		})
	}
}

// TestHandlerChainKeepsConfig checks that only the chain uses the cache of client certificates.
func TestHandlerChainKeepsConfig(t *testing.T) {
	config := testConfig()
	original := &refuseAll{}
	config.Authentication.Authenticator = original
	ca, err := dynamiccertificates.NewStaticCAContent("client-ca", proxytest.NewAuthority(t, "client-ca").PEM)
	if err != nil {
		t.Fatal(err)
	}
	config.SecureServing = &genericapiserver.SecureServingInfo{ClientCA: ca}
	var inChain authenticator.Request
	newTestLayer(t).HandlerChain(func(api http.Handler, c *genericapiserver.Config) http.Handler {
		inChain = c.Authentication.Authenticator
		return api
	})(http.NotFoundHandler(), config)
	if config.Authentication.Authenticator != authenticator.Request(original) {
		t.Errorf("the authenticator in the configuration is now a %T", config.Authentication.Authenticator)
	}
	if _, ok := inChain.(*certificateCache); !ok {
		t.Errorf("the authenticator in the chain is a %T", inChain)
	}
}

func testConfig() *genericapiserver.Config {
	config := genericapiserver.NewConfig(scheme.Codecs)
	config.RequestInfoResolver = genericapiserver.NewRequestInfoResolver(config)
	return config
}

// refuseAll authenticates no request.
type refuseAll struct{ _ byte }

// AuthenticateRequest implements authenticator.Request.
func (*refuseAll) AuthenticateRequest(*http.Request) (*authenticator.Response, bool, error) {
	return nil, false, nil
}
