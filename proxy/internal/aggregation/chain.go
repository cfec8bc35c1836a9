package aggregation

import (
	"net/http"
	"strings"

	"k8s.io/apiserver/pkg/endpoints/filters"
	"k8s.io/apiserver/pkg/endpoints/request"
	genericapiserver "k8s.io/apiserver/pkg/server"
	genericfilters "k8s.io/apiserver/pkg/server/filters"
	flowcontrolrequest "k8s.io/apiserver/pkg/util/flowcontrol/request"
	"k8s.io/streaming/pkg/httpstream"
)

// BuildHandlerChain is what a generic server makes of an API handler and its configuration.
type BuildHandlerChain func(http.Handler, *genericapiserver.Config) http.Handler

// HandlerChain returns stock with the layer in it. Plain requests for remote APIServices take a chain that is shorter,
// with the same filters for all that a client, an extension-apiserver or an operator can see; watches, upgrades and
// impersonation, and everything for this server itself, take the stock one.
func (l *Layer) HandlerChain(stock BuildHandlerChain) BuildHandlerChain {
	return func(api http.Handler, c *genericapiserver.Config) http.Handler {
		if c.SecureServing != nil && c.SecureServing.ClientCA != nil {
			c.Authentication.Authenticator = newCertificateCache(c.Authentication.Authenticator, c.SecureServing.ClientCA)
		}
		l.longRunning = c.LongRunningFunc
		handler := l.Handler(observeReviews(api))
		full, short := stock(handler, c), shortChain(handler, c)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if l.backendFor(r.URL.Path) == nil || httpstream.IsUpgradeRequest(r) || impersonates(r.Header) {
				full.ServeHTTP(w, r)
				return
			}
			info, err := c.RequestInfoResolver.NewRequestInfo(r)
			if err != nil || c.LongRunningFunc(r, info) {
				full.ServeHTTP(w, r)
				return
			}
			reserveStack(0)
			short.ServeHTTP(w, r.WithContext(request.WithRequestInfo(r.Context(), info)))
		})
	}
}

func impersonates(headers http.Header) bool {
	for name := range headers {
		if strings.HasPrefix(name, "Impersonate-") {
			return true
		}
	}
	return false
}

// shortChain has the filters of genericapiserver.DefaultBuildHandlerChain, in its order, that do something for a
// request that soon ends and is only passed on. Left out: tracing spans and the time each filter takes, routines and the
// timeout handler (the request's own deadline ends it at the extension-apiserver's side, see failLate), and what is
// decided before: request info, impersonation.
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
	if c.AuditBackend != nil { // whose events say where a slow request's time went
		handler = filters.WithLatencyTrackers(handler)
	}
	handler = filters.WithRequestReceivedTimestamp(handler)
	handler = genericfilters.WithPanicRecovery(handler, c.RequestInfoResolver)
	return filters.WithAuditInit(handler)
}
