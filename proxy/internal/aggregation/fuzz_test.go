package aggregation

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	proxyutil "k8s.io/apimachinery/pkg/util/proxy"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"k8s.io/apiserver/pkg/server/mux"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/transport"
	"k8s.io/kube-aggregator/pkg/apis/apiregistration"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"k8s.io/kube-aggregator/pkg/apis/apiregistration/validation"
)

// FuzzPathMapping compares the route of each path with the mux in which kube-aggregator registers an APIService.
func FuzzPathMapping(f *testing.F) {
	for _, path := range []string{
		"/apis/example.com/v1", "/apis/example.com/v1/", "/apis/example.com/v1/namespaces/a/things/b", "/apis/example.com/v1alpha1/things",
		"/apis/example.com", "/apis/example.com/", "/apis", "/apis//v1", "/apis/example.com//v1", "/apis/example.com/v1//", "/api", "/api/v1", "/apis",
		"/apis/example.com/v1/../../other/v1", "//apis/example.com/v1", "/apis/example.com/v1?x", "/apis/example.com/v1\x00", "", "apis/example.com/v1",
	} {
		f.Add(path, "example.com", "v1")
	}
	f.Fuzz(func(t *testing.T, path, group, version string) {
		if strings.Contains(group+version, "/") || version == "" || group == "" {
			t.Skip("no name of a group or version")
		}
		stock := mux.NewPathRecorderMux("stock")
		var served bool
		serve := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served = true })
		stock.NotFoundHandler(http.NotFoundHandler())
		root := "/apis/" + group + "/" + version
		stock.Handle(root, serve)
		stock.UnlistedHandlePrefix(root+"/", serve)
		stock.ServeHTTP(httptest.NewRecorder(), &http.Request{URL: &url.URL{Path: path}})

		l := &Layer{}
		l.routes.Store(&map[string]*backend{group + "/" + version: {}})
		if got := l.backendFor(path) != nil; got != served {
			t.Errorf("%q belongs to %s/%s: %v; kube-aggregator's mux says %v", path, group, version, got, served)
		}
	})
}

// captured is a transport that records the request.
type captured struct{ *http.Request }

func (c *captured) RoundTrip(r *http.Request) (*http.Response, error) {
	c.Request = r
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("")), Header: http.Header{}, Request: r}, nil
}

// FuzzHeaders compares the headers that an extension-apiserver gets with those from kube-aggregator, for any headers of the client
// and any user.
func FuzzHeaders(f *testing.F) {
	f.Add("X-Remote-User", "system:admin", "Connection", "X-Remote-User, close", "jane", "group", "scopes", "a,b")
	f.Add("x-remote-extra-Scopes", "all", "X-Remote-Group", "system:masters", "jane", "", "example.com/a b%c", "ü")
	f.Add("X_Remote_User", "a", "X-Forwarded-For", "1.2.3.4", "", "a\nb", "", "")
	f.Add("Te", "trailers", "Upgrade", "h2c", "system:serviceaccount:a:b", "x", "K", "v")
	f.Add("X-Remote-Uid", "1", "Connection", "x-remote-uid, X-Remote-Extra-A", "jane", "g", "A", "v")
	f.Fuzz(func(t *testing.T, name, value, name2, value2, userName, group, extraKey, extraValue string) {
		extraKey = strings.ToLower(extraKey) // FuzzIdentity tests upper case, which kube-aggregator loses
		in := httptest.NewRequest(http.MethodGet, "https://127.0.0.1/apis/example.com/v1/things?b=2&a=1", nil)
		in.Header.Add(name, value)
		in.Header.Add(name2, value2)
		in = in.WithContext(request.WithRequestInfo(in.Context(), &request.RequestInfo{}))
		who := &user.DefaultInfo{Name: userName, UID: "uid", Groups: []string{group}, Extra: map[string][]string{extraKey: {extraValue}}}

		const address = "10.0.0.1:443"
		location := &url.URL{Scheme: "https", Host: address, Path: in.URL.Path, RawQuery: in.URL.Query().Encode()}
		var stock captured
		out := in.Clone(in.Context())
		out.URL, out.Host = location, address
		stockTransport := transport.NewAuthProxyRoundTripper(who.Name, who.UID, who.Groups, who.Extra, &stock)
		proxyutil.NewUpgradeAwareHandler(location, stockTransport, true, false, nil).ServeHTTP(httptest.NewRecorder(), out)

		var ours captured
		proxy := newReverseProxy()
		x := &exchange{in: in, user: who, backend: &backend{}, endpoint: &endpoint{address: address}}
		proxy.Transport = toBackend{func(*exchange) http.RoundTripper { return &ours }}
		proxy.ModifyResponse = nil
		proxy.ServeHTTP(httptest.NewRecorder(), in.WithContext(context.WithValue(in.Context(), exchangeKey{}, x)))

		if ours.Request == nil || stock.Request == nil {
			if ours.Request != stock.Request {
				t.Fatalf("sent by the layer: %v, by kube-aggregator: %v", ours.Request != nil, stock.Request != nil)
			}
			return
		}
		if diff := cmp.Diff(stock.Header, ours.Header); diff != "" {
			t.Errorf("headers, kube-aggregator's - and the layer's +:\n%s", diff)
		}
		if stock.URL.String() != ours.URL.String() || stock.Host != ours.Host || stock.Method != ours.Method {
			t.Errorf("%s %s %s, kube-aggregator sends %s %s %s", ours.Method, ours.URL, ours.Host, stock.Method, stock.URL, stock.Host)
		}
	})
}

// FuzzAPIServiceValidation creates a backend from every valid APIService, and looks up its paths.
func FuzzAPIServiceValidation(f *testing.F) {
	f.Add("example.com", "v1", "default", "api", int32(443), []byte(nil), true)
	f.Add("example.com", "v1alpha1", "a", "b", int32(65535), []byte("-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"), false)
	f.Add("", "v1", "a", "b", int32(0), []byte("no PEM"), false)
	f.Add("a.b/c", "v1/../v2", "..", "%2f", int32(-1), []byte{0}, false)
	layer := newTestLayer(f)
	f.Fuzz(func(t *testing.T, group, version, namespace, name string, port int32, caBundle []byte, insecure bool) {
		internal := &apiregistration.APIService{
			ObjectMeta: metav1.ObjectMeta{Name: version + "." + group},
			Spec: apiregistration.APIServiceSpec{
				Group: group, Version: version, GroupPriorityMinimum: 1, VersionPriority: 1, CABundle: caBundle, InsecureSkipTLSVerify: insecure,
				Service: &apiregistration.ServiceReference{Namespace: namespace, Name: name, Port: port},
			},
		}
		if errs := validation.ValidateAPIService(t.Context(), internal); len(errs) > 0 {
			return
		}
		var valid apiregistrationv1.APIService
		if err := apiregistrationv1.Convert_apiregistration_APIService_To_v1_APIService(internal, &valid, nil); err != nil {
			t.Fatal(err)
		}
		layer.apiServiceChanged(&valid)
		defer layer.apiServiceGone(&valid)
		path := "/apis/" + group + "/" + version
		if group == "" {
			path = "/api"
		}
		b := layer.backendFor(path + "/things")
		if want := group != ownGroup && (group != "" || version == "v1"); (b != nil) != want {
			t.Fatalf("a backend for %s: %v, want %v", path, b != nil, want)
		}
		if b != nil && b.trust.serverName != name+"."+namespace+".svc" {
			t.Errorf("server name %q", b.trust.serverName)
		}
	})
}

// newTestLayer returns a Layer without Services. No APIService has been checked yet.
func newTestLayer(t testing.TB) *Layer {
	t.Helper()
	l, err := New(Config{
		Informers:         informers.NewSharedInformerFactory(fake.NewClientset(), 0),
		ClientCertificate: noCertificate{},
	})
	if err != nil {
		t.Fatal(err)
	}
	l.availability = &found{}
	return l
}

// found contains the result of the checks of all APIServices.
type found struct{ available, known bool }

// Available implements Availability.
func (f *found) Available(*apiregistrationv1.APIService) (available, known bool) {
	return f.available, f.known
}

// Recheck implements Availability.
func (*found) Recheck(string) {}

// noCertificate provides no client certificate.
type noCertificate struct{}

func (noCertificate) AddListener(dynamiccertificates.Listener)  {}
func (noCertificate) Name() string                              { return "none" }
func (noCertificate) CurrentCertKeyContent() (cert, key []byte) { return nil, nil }
