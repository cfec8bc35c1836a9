package aggregation

import (
	"crypto/tls"
	"strconv"
	"sync"
	"time"

	compbasemetrics "k8s.io/component-base/metrics"
	"k8s.io/component-base/metrics/legacyregistry"
)

// These metrics have a label for the APIService. kube-aggregator's aggregator_unavailable_apiservice and
// aggregator_unavailable_apiservice_total contain its availability.
var (
	requestDuration = compbasemetrics.NewHistogramVec(&compbasemetrics.HistogramOpts{
		Name:           "aggregator_proxy_request_duration_seconds",
		Help:           "Time from the request to the first of the extension-apiserver's response, by APIService and status code.",
		Buckets:        []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60},
		StabilityLevel: compbasemetrics.ALPHA,
	}, []string{"apiservice", "code"})
	requestErrors = compbasemetrics.NewCounterVec(&compbasemetrics.CounterOpts{
		Name:           "aggregator_proxy_request_errors_total",
		Help:           "Requests that the extension-apiserver gave no response to, by APIService.",
		StabilityLevel: compbasemetrics.ALPHA,
	}, []string{"apiservice"})
	discoveryDuration = compbasemetrics.NewHistogramVec(&compbasemetrics.HistogramOpts{
		Name:           "aggregator_discovery_duration_seconds",
		Help:           "Time that an extension-apiserver took for discovery (/apis/GROUP/VERSION) when its availability was checked, by APIService and outcome. Five seconds are the limit.",
		Buckets:        []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 4, 5, 6},
		StabilityLevel: compbasemetrics.ALPHA,
	}, []string{"apiservice", "outcome"})
	reviewDuration = compbasemetrics.NewHistogramVec(&compbasemetrics.HistogramOpts{
		Name:           "aggregator_review_duration_seconds",
		Help:           "Time that TokenReviews and SubjectAccessReviews took, which extension-apiservers ask for, by kind and user who asked.",
		Buckets:        []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5},
		StabilityLevel: compbasemetrics.ALPHA,
	}, []string{"resource", "user"})
	servingCertificateExpiry = compbasemetrics.NewGaugeVec(&compbasemetrics.GaugeOpts{
		Name:           "aggregator_serving_certificate_expiration_timestamp_seconds",
		Help:           "When the certificate expires that the extension-apiserver showed last, in seconds since 1970, by APIService.",
		StabilityLevel: compbasemetrics.ALPHA,
	}, []string{"apiservice"})

	registerOnce sync.Once
)

// layerMetrics creates the metrics of APIServices. The caller must hold Layer.mu.
type layerMetrics struct {
	byName map[string]*backendMetrics
}

func newLayerMetrics() *layerMetrics {
	registerOnce.Do(func() {
		legacyregistry.MustRegister(requestDuration, requestErrors, discoveryDuration, reviewDuration, servingCertificateExpiry)
	})
	return &layerMetrics{byName: map[string]*backendMetrics{}}
}

func (l *layerMetrics) of(apiService string) *backendMetrics {
	m, ok := l.byName[apiService]
	if !ok {
		m = &backendMetrics{apiService: apiService}
		l.byName[apiService] = m
	}
	return m
}

// forget removes the metrics of a deleted APIService. Requests to it may not have ended yet.
func (l *layerMetrics) forget(apiService string) {
	if m, ok := l.byName[apiService]; ok {
		delete(l.byName, apiService)
		m.mu.Lock()
		defer m.mu.Unlock()
		m.forgotten = true
	}
	labels := map[string]string{"apiservice": apiService}
	requestDuration.DeletePartialMatch(labels)
	requestErrors.DeletePartialMatch(labels)
	discoveryDuration.DeletePartialMatch(labels)
	servingCertificateExpiry.DeletePartialMatch(labels)
}

// backendMetrics records the metrics of one APIService.
type backendMetrics struct {
	apiService string
	byCode     sync.Map // compbasemetrics.ObserverMetric by status code, because its lookup costs more than an observation

	mu        sync.Mutex // held to create a series
	forgotten bool
}

// ifKnown calls do, which may create a series, unless the APIService has been deleted. Such a series would never be removed.
func (m *backendMetrics) ifKnown(do func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.forgotten {
		do()
	}
}

func (m *backendMetrics) answered(code int, took time.Duration) {
	observer, ok := m.byCode.Load(code)
	if !ok {
		m.ifKnown(func() {
			observer, _ = m.byCode.LoadOrStore(code, requestDuration.WithLabelValues(m.apiService, strconv.Itoa(code)))
		})
	}
	if observer != nil {
		observer.(compbasemetrics.ObserverMetric).Observe(took.Seconds())
	}
}

func (m *backendMetrics) failed() {
	m.ifKnown(func() { requestErrors.WithLabelValues(m.apiService).Inc() })
}

// handshake records the expiry of the server's certificate. It is the VerifyConnection of a tls.Config.
func (m *backendMetrics) handshake(state tls.ConnectionState) error {
	m.ifKnown(func() {
		servingCertificateExpiry.WithLabelValues(m.apiService).Set(float64(state.PeerCertificates[0].NotAfter.Unix()))
	})
	return nil
}

// discovered records the duration and the outcome of a discovery request.
func (m *backendMetrics) discovered(took time.Duration, err error) {
	outcome := "success"
	if err != nil {
		outcome = "failure"
	}
	m.ifKnown(func() { discoveryDuration.WithLabelValues(m.apiService, outcome).Observe(took.Seconds()) })
}
