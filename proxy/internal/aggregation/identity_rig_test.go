package aggregation

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	proxyutil "k8s.io/apimachinery/pkg/util/proxy"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/request/headerrequest"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/endpoints/request"
	apiserverproxyutil "k8s.io/apiserver/pkg/util/proxy"
	"k8s.io/client-go/transport"
	"k8s.io/streaming/pkg/httpstream"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// way is a kind of request. Each kind takes a different path through the layer.
type way struct {
	name, method, path, upgrade string
	info                        request.RequestInfo
}

// ways lists all kinds of requests. The last upgradeWays are upgrades.
var ways = []way{
	{name: "get", method: http.MethodGet, path: "/apis/example.com/v1/things", info: request.RequestInfo{IsResourceRequest: true, Verb: "list"}},
	{name: "post", method: http.MethodPost, path: "/apis/example.com/v1/things", info: request.RequestInfo{IsResourceRequest: true, Verb: "create"}},
	{name: "watch", method: http.MethodGet, path: "/apis/example.com/v1/things?watch=true", info: request.RequestInfo{IsResourceRequest: true, Verb: "watch"}},
	{name: "discovery", method: http.MethodGet, path: "/apis/example.com/v1", info: request.RequestInfo{Verb: "get"}},
	{name: "upgrade to SPDY", method: http.MethodPost, path: "/apis/example.com/v1/things/a/exec", upgrade: "SPDY/3.1", info: request.RequestInfo{IsResourceRequest: true, Verb: "create"}},
	{name: "upgrade to WebSocket", method: http.MethodGet, path: "/apis/example.com/v1/things/a/exec", upgrade: "websocket", info: request.RequestInfo{IsResourceRequest: true, Verb: "get"}},
}

const upgradeWays = 2

func (v way) request(who user.Info) *http.Request {
	body := ""
	if v.method == http.MethodPost && v.upgrade == "" {
		body = "{}"
	}
	r := httptest.NewRequest(v.method, "https://127.0.0.1"+v.path, strings.NewReader(body))
	if v.upgrade != "" {
		r.Header.Set("Connection", "Upgrade")
		r.Header.Set("Upgrade", v.upgrade)
	}
	info := v.info
	info.Path = r.URL.Path
	return r.WithContext(request.WithRequestInfo(request.WithUser(r.Context(), who), &info))
}

// identityRig is a server that records identities, behind both the layer and kube-aggregator's proxy.
type identityRig struct {
	name    string // the protocol
	address string
	seen    atomic.Pointer[http.Header]
	layer   *Layer
	stock   http.RoundTripper
	// understand parses the headers with k8s.io/apiserver.
	understand authenticator.Request
}

func newIdentityRig(t testing.TB, http2 bool) *identityRig {
	t.Helper()
	rig := &identityRig{name: "HTTP/1.1"}
	server := httptest.NewUnstartedServer(http.HandlerFunc(rig.record))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{proxytest.NewAuthority(t, "rig").Serving(t, "rig")}}
	if server.EnableHTTP2 = http2; http2 {
		rig.name = "HTTP/2"
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	rig.address = server.Listener.Addr().String()

	rig.layer = newTestLayer(t)
	e := newEndpoint(rig.address, &tls.Config{InsecureSkipVerify: true})
	t.Cleanup(e.close)
	b := &backend{name: "v1.example.com", available: true, endpoints: []*endpoint{e}, metrics: rig.layer.metrics.of("v1.example.com"), recheck: func() {}}
	rig.layer.routes.Store(&map[string]*backend{"example.com/v1": b})

	var err error
	if rig.stock, err = transport.New(&transport.Config{TLS: transport.TLSConfig{Insecure: true}}); err != nil {
		t.Fatal(err)
	}
	// These names are in the ConfigMap extension-apiserver-authentication.
	rig.understand, err = headerrequest.New([]string{"X-Remote-User"}, []string{"X-Remote-Uid"}, []string{"X-Remote-Group"}, []string{extraPrefix})
	if err != nil {
		t.Fatal(err)
	}
	return rig
}

func (rig *identityRig) record(w http.ResponseWriter, r *http.Request) {
	identity := http.Header{}
	for name, values := range r.Header {
		if strings.HasPrefix(name, "X-Remote-") {
			identity[name] = values
		}
	}
	rig.seen.Store(&identity)
	if httpstream.IsUpgradeRequest(r) {
		proxytest.Raw("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "+r.Header.Get("Upgrade")+"\r\n\r\n")(w, r)
	}
}

// proxied is the outcome of a request.
type proxied struct {
	header http.Header // at the backend; nil if the request did not arrive
	status int
	body   string
}

func (rig *identityRig) send(handler http.Handler, r *http.Request) proxied {
	rig.seen.Store(nil)
	w := hijackRecorder{httptest.NewRecorder()}
	handler.ServeHTTP(w, r)
	got := proxied{status: w.Code, body: w.Body.String()}
	if seen := rig.seen.Load(); seen != nil {
		got.header = *seen
	}
	return got
}

// ours sends a request through the layer.
func (rig *identityRig) ours(v way, who user.Info) proxied {
	longRunning := func(_ *http.Request, info *request.RequestInfo) bool { return info.Verb == "watch" }
	return rig.send(rig.layer.handler(http.NotFoundHandler(), longRunning), v.request(who))
}

// kubeAggregator sends a request as kube-aggregator's handler does, which is not exported.
func (rig *identityRig) kubeAggregator(v way, who user.Info) proxied {
	return rig.send(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		location := &url.URL{Scheme: "https", Host: rig.address, Path: r.URL.Path, RawQuery: r.URL.Query().Encode()}
		out, cancel := apiserverproxyutil.NewRequestForProxy(location, r)
		defer cancel()
		upgrade := httpstream.IsUpgradeRequest(r)
		if upgrade {
			transport.SetAuthProxyHeaders(out, who.GetName(), who.GetUID(), who.GetGroups(), who.GetExtra())
		}
		roundTripper := transport.NewAuthProxyRoundTripper(who.GetName(), who.GetUID(), who.GetGroups(), who.GetExtra(), rig.stock)
		handler := proxyutil.NewUpgradeAwareHandler(location, roundTripper, true, upgrade, unavailableResponder{})
		handler.RejectForwardingRedirects = true
		handler.ServeHTTP(w, out)
	}), v.request(who))
}

type unavailableResponder struct{}

// Error implements proxyutil.ErrorResponder.
func (unavailableResponder) Error(w http.ResponseWriter, _ *http.Request, err error) {
	http.Error(w, err.Error(), http.StatusServiceUnavailable)
}

// hijackRecorder is a recorder with a connection that can be hijacked. It discards data written to the connection.
type hijackRecorder struct{ *httptest.ResponseRecorder }

// Hijack implements http.Hijacker.
func (hijackRecorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	server, client := net.Pipe()
	go func() { _, _ = io.Copy(io.Discard, client) }()
	conn := pipeConn{server}
	return conn, bufio.NewReadWriter(bufio.NewReader(conn), bufio.NewWriter(conn)), nil
}

// pipeConn is a pipe that returns the error of a closed network connection, which UpgradeAwareHandler does not log.
type pipeConn struct{ net.Conn }

// Read implements net.Conn.
func (c pipeConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if errors.Is(err, io.ErrClosedPipe) {
		err = net.ErrClosed
	}
	return n, err
}

// altered returns how the identity at the backend differs from who, in its headers and as parsed by an extension-apiserver.
func (rig *identityRig) altered(header http.Header, who *user.DefaultInfo) string {
	var diffs []string
	for name, want := range map[string][]string{"X-Remote-User": {who.Name}, "X-Remote-Uid": {who.UID}, "X-Remote-Group": who.Groups} {
		if got := header[name]; !slices.Equal(got, want) && (name != "X-Remote-Uid" || who.UID != "" || got != nil) {
			diffs = append(diffs, fmt.Sprintf("%s: %q, want %q", name, got, want))
		}
	}
	response, ok, err := rig.understand.AuthenticateRequest(&http.Request{Header: maps.Clone(header)})
	if err != nil || !ok {
		return fmt.Sprintf("nobody is understood: %v", err)
	}
	want := *who
	want.Groups = slices.DeleteFunc(slices.Clone(who.Groups), func(group string) bool { return group == "" })
	// EquateEmpty distinguishes a key without values from a missing key.
	if diff := cmp.Diff(&want, response.User, cmpopts.EquateEmpty()); diff != "" {
		diffs = append(diffs, "understood (-want +got):\n"+diff)
	}
	return strings.Join(diffs, "\n")
}

// check returns an error unless the identity arrives unchanged or the request is refused. The layer may refuse it only if
// kube-aggregator alters the identity or fails, or if white space surrounds a part of it.
func (rig *identityRig) check(v way, who *user.DefaultInfo) (proxied, error) {
	ours, stock := rig.ours(v, who), rig.kubeAggregator(v, who)
	stockDelivers := stock.header != nil && rig.altered(stock.header, who) == ""
	switch {
	case ours.header != nil:
		if diff := rig.altered(ours.header, who); diff != "" {
			return ours, errors.New("the identity is altered:\n" + diff)
		}
		if diff := cmp.Diff(stock.header, ours.header); stockDelivers && diff != "" {
			return ours, fmt.Errorf("headers, kube-aggregator's - and the layer's +:\n%s", diff)
		}
	case stockDelivers && !padded(who):
		return ours, fmt.Errorf("answered %d %q, but kube-aggregator delivers the identity", ours.status, ours.body)
	case ours.status < 400:
		return ours, fmt.Errorf("answered %d %q, and nothing arrived", ours.status, ours.body)
	}
	return ours, nil
}

// padded reports whether white space surrounds a part of the identity.
func padded(who *user.DefaultInfo) bool {
	parts := append([]string{who.Name, who.UID}, who.Groups...)
	for _, values := range who.Extra {
		parts = append(parts, values...)
	}
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Trim(part, " \t") != part })
}
