package aggregation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	proxyutil "k8s.io/apimachinery/pkg/util/proxy"
	"k8s.io/apiserver/pkg/authentication/user"
	endpointmetrics "k8s.io/apiserver/pkg/endpoints/metrics"
	"k8s.io/apiserver/pkg/endpoints/request"
	utilflowcontrol "k8s.io/apiserver/pkg/util/flowcontrol"
	"k8s.io/klog/v2"
	"k8s.io/streaming/pkg/httpstream"
)

const (
	// What kube-aggregator says.
	unavailable = "service unavailable"
	timedOut    = "request did not complete within the allotted timeout"
	// component is what kube-aggregator calls itself in metrics.
	component = "aggregator"
)

// Handler serves the requests for remote APIServices, and leaves the others to next. It belongs inside of a handler
// chain that has authenticated and authorized the request.
func (l *Layer) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b := l.backendFor(r.URL.Path); b != nil {
			l.serve(w, r, b)
			return
		}
		if strings.HasPrefix(r.URL.Path, openAPIv3Prefix+"/") || !l.following.Load() && routeFor(r.URL.Path) != "" {
			l.serveGuarded(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (l *Layer) serve(w http.ResponseWriter, r *http.Request, b *backend) {
	if !b.available {
		fail(w, r, unavailable, http.StatusServiceUnavailable)
		return
	}
	if b.trustErr != nil {
		fail(w, r, b.trustErr.Error(), http.StatusInternalServerError)
		return
	}
	requester, ok := request.UserFrom(r.Context())
	if !ok {
		fail(w, r, "missing user", http.StatusInternalServerError)
		return
	}
	if err := checkIdentity(requester); err != nil {
		fail(w, r, err.Error(), http.StatusForbidden)
		return
	}
	e := b.pick(nil)
	if e == nil {
		klog.ErrorS(b.endpointErr, "An available APIService has no endpoint", "apiService", b.name)
		fail(w, r, unavailable, http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := l.limitDiscovery(r)
	defer cancel()
	utilflowcontrol.RequestDelegated(ctx)
	x := &exchange{in: r, user: requester, backend: b, endpoint: e, started: time.Now()}
	if httpstream.IsUpgradeRequest(r) {
		x.upgrade(ctx, w)
		return
	}
	if info, ok := request.RequestInfoFrom(ctx); ok {
		x.longRunning = l.longRunning(r, info)
	}
	l.proxy.ServeHTTP(w, r.WithContext(context.WithValue(ctx, exchangeKey{}, x)))
}

// limitDiscovery bounds the time for discovery: paths of three segments that name no resource, as for kube-aggregator.
func (l *Layer) limitDiscovery(r *http.Request) (context.Context, context.CancelFunc) {
	ctx := r.Context()
	info, ok := request.RequestInfoFrom(ctx)
	if l.config.DiscoveryTimeout > 0 && ok && !info.IsResourceRequest && strings.Count(strings.Trim(info.Path, "/"), "/") == 2 {
		return context.WithTimeout(ctx, l.config.DiscoveryTimeout)
	}
	return ctx, func() {}
}

// fail answers for the extension-apiserver, in kube-aggregator's form.
func fail(w http.ResponseWriter, r *http.Request, message string, code int) {
	http.Error(w, message, code)
	if info, ok := request.RequestInfoFrom(r.Context()); ok {
		endpointmetrics.RecordRequestTermination(r, info, component, code)
	}
}

// failLate answers a request whose time, not that for discovery, is over. It is what the generic chain's timeout
// handler says, which on the short chain isn't there.
func failLate(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(http.StatusGatewayTimeout)
	_ = json.NewEncoder(w).Encode(apierrors.NewTimeoutError(timedOut, 0).ErrStatus) // who should be told is gone
	if info, ok := request.RequestInfoFrom(r.Context()); ok {
		endpointmetrics.RecordRequestTermination(r, info, endpointmetrics.APIServerComponent, http.StatusGatewayTimeout)
	}
}

// exchange is one request on its way, and its response.
type exchange struct {
	in          *http.Request
	user        user.Info
	backend     *backend
	endpoint    *endpoint
	started     time.Time
	longRunning bool
}

type exchangeKey struct{}

// location is the request's path and query at the endpoint. The query is encoded anew, so that both sides of the
// connection read the same from it.
func (x *exchange) location() *url.URL {
	location := &url.URL{Scheme: "https", Host: x.endpoint.address, Path: x.in.URL.Path}
	if x.in.URL.RawQuery != "" {
		location.RawQuery = x.in.URL.Query().Encode()
	}
	return location
}

// upgrade leaves the connection to both sides, if the extension-apiserver agrees.
func (x *exchange) upgrade(ctx context.Context, w http.ResponseWriter) {
	conn, e, err := x.backend.connect(ctx, x.endpoint)
	x.endpoint = e
	if err != nil {
		x.Error(w, x.in, fmt.Errorf("error dialing backend: %w", err))
		return
	}
	defer conn.Close()
	location := x.location()
	out := x.in.Clone(ctx)
	out.URL, out.Host = location, location.Host
	x.setIdentity(out)
	transport := &http.Transport{
		DialContext:     func(context.Context, string, string) (net.Conn, error) { return conn, nil },
		TLSClientConfig: e.short.TLSClientConfig,
	}
	handler := proxyutil.NewUpgradeAwareHandler(location, transport, true, true, x)
	handler.RejectForwardingRedirects = true
	handler.ServeHTTP(w, out)
}

// Error tells the client that an upgrade failed. It implements proxyutil.ErrorResponder.
func (x *exchange) Error(w http.ResponseWriter, _ *http.Request, err error) {
	x.backend.metrics.failed()
	x.backend.recheck()
	x.endpoint.suspect()
	http.Error(w, err.Error(), http.StatusServiceUnavailable)
}

// overdue tells whether the request's own time is over.
func (x *exchange) overdue() bool {
	return errors.Is(x.in.Context().Err(), context.DeadlineExceeded)
}
