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
	// These are kube-aggregator's messages.
	unavailable = "service unavailable"
	timedOut    = "request did not complete within the allotted timeout"
	// component is kube-aggregator's name in metrics.
	component = "aggregator"
)

// handler serves requests for remote APIServices, and passes others to next. The chain around it must authenticate and authorize
// requests. longRunning reports whether a request, such as a watch, may take longer than the usual timeout.
func (l *Layer) handler(next http.Handler, longRunning request.LongRunningRequestCheck) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b := l.backendOf(r); b != nil {
			l.serve(w, r, b, longRunning)
			return
		}
		if strings.HasPrefix(r.URL.Path, openAPIv3Prefix+"/") || !l.following.Load() && routeFor(r.URL.Path) != "" {
			l.serveGuarded(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (l *Layer) serve(w http.ResponseWriter, r *http.Request, b *backend, longRunning request.LongRunningRequestCheck) {
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
		x.longRunning = longRunning(r, info)
	}
	l.proxy.ServeHTTP(w, r.WithContext(context.WithValue(ctx, exchangeKey{}, x)))
}

// limitDiscovery adds the timeout for discovery to requests whose paths have three segments and do not name a resource, as
// kube-aggregator does.
func (l *Layer) limitDiscovery(r *http.Request) (context.Context, context.CancelFunc) {
	ctx := r.Context()
	info, ok := request.RequestInfoFrom(ctx)
	if l.config.DiscoveryTimeout > 0 && ok && !info.IsResourceRequest && strings.Count(strings.Trim(info.Path, "/"), "/") == 2 {
		return context.WithTimeout(ctx, l.config.DiscoveryTimeout)
	}
	return ctx, func() {}
}

// fail writes an error in the same form as kube-aggregator.
func fail(w http.ResponseWriter, r *http.Request, message string, code int) {
	http.Error(w, message, code)
	if info, ok := request.RequestInfoFrom(r.Context()); ok {
		endpointmetrics.RecordRequestTermination(r, info, component, code)
	}
}

// failLate writes the error that the timeout handler of the stock chain would write. The short chain does not have this handler.
func failLate(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(http.StatusGatewayTimeout)
	_ = json.NewEncoder(w).Encode(apierrors.NewTimeoutError(timedOut, 0).ErrStatus) // the client may have closed the connection
	if info, ok := request.RequestInfoFrom(r.Context()); ok {
		endpointmetrics.RecordRequestTermination(r, info, endpointmetrics.APIServerComponent, http.StatusGatewayTimeout)
	}
}

// exchange is a request that is being forwarded, and its response.
type exchange struct {
	in          *http.Request
	user        user.Info
	backend     *backend
	endpoint    *endpoint
	started     time.Time
	longRunning bool
}

type exchangeKey struct{}

// location returns the request's URL at the endpoint. It encodes the query again, so that both servers parse it in the same way.
func (x *exchange) location() *url.URL {
	location := &url.URL{Scheme: "https", Host: x.endpoint.address, Path: x.in.URL.Path}
	if x.in.URL.RawQuery != "" {
		location.RawQuery = x.in.URL.Query().Encode()
	}
	return location
}

// upgrade connects the client to the extension-apiserver if that accepts the upgrade.
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

// Error writes the error of a failed upgrade. It implements proxyutil.ErrorResponder.
func (x *exchange) Error(w http.ResponseWriter, _ *http.Request, err error) {
	x.backend.metrics.failed()
	x.backend.recheck()
	x.endpoint.checkReachable()
	http.Error(w, err.Error(), http.StatusServiceUnavailable)
}

// overdue reports whether the deadline of the client's request has passed.
func (x *exchange) overdue() bool {
	return errors.Is(x.in.Context().Err(), context.DeadlineExceeded)
}
