package aggregation

import (
	"context"
	"net/http"
	"strings"

	"k8s.io/apiserver/pkg/endpoints/filters"
	"k8s.io/apiserver/pkg/endpoints/request"
	genericapiserver "k8s.io/apiserver/pkg/server"
	genericfilters "k8s.io/apiserver/pkg/server/filters"
	flowcontrolrequest "k8s.io/apiserver/pkg/util/flowcontrol/request"
	"k8s.io/streaming/pkg/httpstream"
)

// BuildHandlerChain wraps the API handler of a generic server in filters, according to its configuration.
type BuildHandlerChain func(http.Handler, *genericapiserver.Config) http.Handler

// HandlerChain returns the stock chain with the layer in it. Plain requests for remote APIServices take a shorter chain,
// whose effects for clients, extension-apiservers and operators are the same. Watches, upgrades, requests with impersonation,
// and all requests that this server answers itself, take the stock chain.
func (l *Layer) HandlerChain(stock BuildHandlerChain) BuildHandlerChain {
	return func(api http.Handler, config *genericapiserver.Config) http.Handler {
		c := *config // the server keeps its authenticator
		if c.SecureServing != nil && c.SecureServing.ClientCA != nil {
			c.Authentication.Authenticator = newCertificateCache(c.Authentication.Authenticator, c.SecureServing.ClientCA)
		}
		handler := l.handler(observeReviews(api), c.LongRunningFunc)
		full, short := stock(handler, &c), shortChain(handler, &c)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b := l.backendFor(r.URL.Path)
			if b == nil {
				full.ServeHTTP(w, r)
				return
			}
			ctx := withBackend(r.Context(), b)
			if httpstream.IsUpgradeRequest(r) || impersonates(r.Header) {
				full.ServeHTTP(w, r.WithContext(ctx))
				return
			}
			info, err := c.RequestInfoResolver.NewRequestInfo(r)
			if err != nil || c.LongRunningFunc(r, info) {
				full.ServeHTTP(w, r.WithContext(ctx))
				return
			}
			reserveStack(0)
			short.ServeHTTP(w, r.WithContext(request.WithRequestInfo(ctx, info)))
		})
	}
}

// backendKey is the context key of the backend that HandlerChain selected for a request.
type backendKey struct{}

func withBackend(ctx context.Context, b *backend) context.Context {
	return context.WithValue(ctx, backendKey{}, b)
}

// backendOf returns the backend that HandlerChain selected for a request, so that a request uses one backend even if routes change
// while it waits in a queue. If there was no backend, backendOf looks again: if the APIService has been created since,
// kube-aggregator must not forward the request without checkIdentity.
func (l *Layer) backendOf(r *http.Request) *backend {
	if b, ok := r.Context().Value(backendKey{}).(*backend); ok {
		return b
	}
	return l.backendFor(r.URL.Path)
}

func impersonates(headers http.Header) bool {
	for name := range headers {
		if strings.HasPrefix(name, "Impersonate-") {
			return true
		}
	}
	return false
}

// shortChain returns those filters of genericapiserver.DefaultBuildHandlerChain, in its order, that affect short requests that are
// only forwarded. It leaves out tracing spans and the durations of filters, goroutines and the timeout handler (the request's
// deadline ends the request to the extension-apiserver, see failLate), request info, which is already set, and impersonation.
func shortChain(handler http.Handler, c *genericapiserver.Config) http.Handler {
	handler = filters.WithAuthorization(handler, c.Authorization.Authorizer, c.Serializer)
	if c.FlowControl != nil {
		estimator := flowcontrolrequest.NewWorkEstimator(c.StorageObjectCountTracker.Get, c.FlowControl.GetInterestedWatchCount,
			flowcontrolrequest.DefaultWorkEstimatorConfig(), c.FlowControl.GetMaxSeats)
		handler = genericfilters.WithPriorityAndFairness(handler, c.LongRunningFunc, c.FlowControl, estimator, c.RequestTimeout/4)
	} else {
		handler = genericfilters.WithMaxInFlightLimit(handler, c.MaxRequestsInFlight, c.MaxMutatingRequestsInFlight, c.LongRunningFunc)
	}
	handler = filters.WithAudit(handler, c.AuditBackend, c.AuditPolicyRuleEvaluator, c.LongRunningFunc)
	refused := filters.WithFailedAuthenticationAudit(filters.Unauthorized(c.Serializer), c.AuditBackend, c.AuditPolicyRuleEvaluator)
	handler = filters.WithAuthentication(handler, c.Authentication.Authenticator, refused, c.Authentication.APIAudiences, c.Authentication.RequestHeaderConfig)
	handler = genericfilters.WithCORS(handler, c.CorsAllowedOriginList, nil, nil, nil, "true")
	handler = filters.WithWarningRecorder(handler)
	handler = filters.WithRequestDeadline(handler, c.AuditBackend, c.AuditPolicyRuleEvaluator, c.LongRunningFunc, c.Serializer, c.RequestTimeout)
	handler = genericfilters.WithWaitGroup(handler, c.LongRunningFunc, c.NonLongRunningRequestWaitGroup)
	if c.SecureServing != nil && !c.SecureServing.DisableHTTP2 && c.GoawayChance > 0 {
		handler = genericfilters.WithProbabilisticGoaway(handler, c.GoawayChance)
	}
	handler = filters.WithCacheControl(handler)
	handler = genericfilters.WithHSTS(handler, c.HSTSDirectives)
	handler = genericfilters.WithHTTPLogging(handler)
	if c.AuditBackend != nil { // its events contain the latencies of slow requests
		handler = filters.WithLatencyTrackers(handler)
	}
	handler = filters.WithRequestReceivedTimestamp(handler)
	handler = genericfilters.WithPanicRecovery(handler, c.RequestInfoResolver)
	return filters.WithAuditInit(handler)
}
