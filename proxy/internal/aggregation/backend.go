package aggregation

import (
	"bytes"
	"context"
	"crypto/tls"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"

	"k8s.io/client-go/transport"
	"k8s.io/klog/v2"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	apiregistrationhelper "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1/helper"
	"k8s.io/kube-aggregator/pkg/controllers/status/remote"
)

// backend contains the data for requests to one APIService. It is immutable; a change of the APIService creates another backend.
type backend struct {
	name        string // of the APIService
	available   bool
	trust       trust
	trustErr    error // prevents connections to any endpoint
	endpoints   []*endpoint
	endpointErr error // the reason if there are no endpoints
	metrics     *backendMetrics
	recheck     func()
}

// trust contains the settings for TLS: how the extension-apiserver is verified, and the client certificate.
type trust struct {
	caBundle, cert, key []byte
	insecure            bool
	serverName          string
}

func (t trust) equal(other trust) bool {
	return bytes.Equal(t.caBundle, other.caBundle) && bytes.Equal(t.cert, other.cert) && bytes.Equal(t.key, other.key) &&
		t.insecure == other.insecure && t.serverName == other.serverName
}

// newBackend returns the backend of an APIService. It reuses the endpoints of the old backend, with their connections, if trust is
// the same. The caller holds l.mu.
func (l *Layer) newBackend(apiService *apiregistrationv1.APIService, old *backend) *backend {
	cert, key := l.config.ClientCertificate.CurrentCertKeyContent()
	config := remote.BuildTransportConfig(nil, cert, key, apiService)
	availability := l.availability
	b := &backend{
		name:      apiService.Name,
		available: l.available(apiService),
		trust:     trust{config.TLS.CAData, cert, key, config.TLS.Insecure, config.TLS.ServerName},
		metrics:   l.metrics.of(apiService.Name),
		recheck:   func() { availability.Recheck(apiService.Name) },
	}
	addresses, err := l.endpoints.addresses(apiService.Spec.Service)
	if err != nil {
		b.endpointErr = err
		return b
	}
	kept := map[string]*endpoint{}
	if old != nil && old.trustErr == nil && old.trust.equal(b.trust) {
		for _, e := range old.endpoints {
			kept[e.address] = e
		}
	}
	var tlsConfig *tls.Config
	for _, address := range addresses {
		if e := kept[address]; e != nil {
			b.endpoints = append(b.endpoints, e)
			continue
		}
		if tlsConfig == nil {
			if tlsConfig, b.trustErr = transport.TLSConfigFor(config); b.trustErr != nil {
				klog.ErrorS(b.trustErr, "Connections to an extension-apiserver can't be set up", "apiService", apiService.Name)
				break
			}
			tlsConfig.VerifyConnection = b.metrics.handshake
		}
		b.endpoints = append(b.endpoints, newEndpoint(address, tlsConfig))
	}
	return b
}

// available reports whether this process has found the APIService available. Before the first check, it uses the APIService's status.
// The caller holds l.mu.
func (l *Layer) available(apiService *apiregistrationv1.APIService) bool {
	if available, known := l.availability.Available(apiService); known {
		return available
	}
	return apiregistrationhelper.IsAPIServiceConditionTrue(apiService, apiregistrationv1.Available)
}

// replacedBy closes the endpoints that the next backend does not use.
func (b *backend) replacedBy(next *backend) {
	if b == nil {
		return
	}
	for _, e := range b.endpoints {
		if next == nil || !slices.Contains(next.endpoints, e) {
			e.close()
		}
	}
}

// pick returns a random endpoint other than tried. It prefers endpoints that are not known to be down.
func (b *backend) pick(tried *endpoint) *endpoint {
	if e := b.pickAmong(func(e *endpoint) bool { return e != tried && !e.down.Load() }); e != nil {
		return e
	}
	return b.pickAmong(func(e *endpoint) bool { return e != tried })
}

// pickAmong returns a random endpoint among those that fit, with equal probability.
func (b *backend) pickAmong(fits func(*endpoint) bool) *endpoint {
	var chosen *endpoint
	seen := 0
	for _, e := range b.endpoints {
		if !fits(e) {
			continue
		}
		if seen++; rand.IntN(seen) == 0 {
			chosen = e
		}
	}
	return chosen
}

// roundTrip sends the request to e. If no part of it can have arrived there, it sends the request to another endpoint.
func (b *backend) roundTrip(r *http.Request, e *endpoint, longRunning bool) (*http.Response, error) {
	body := r.Body
	if body != nil {
		r.Body = keepOpen{body} // a failed attempt must not close it; the reverse proxy will
	}
	response, err := e.roundTrip(r, longRunning)
	if err == nil || r.Context().Err() != nil {
		return response, err
	}
	another := b.elsewhere(e, err)
	if another == nil {
		return nil, err
	}
	r.URL.Host, r.Host = another.address, another.address
	return another.roundTrip(r, longRunning)
}

// connect opens a connection to e, or if that fails, to another endpoint. It also returns the endpoint.
func (b *backend) connect(ctx context.Context, e *endpoint) (net.Conn, *endpoint, error) {
	conn, err := e.dialer.dial(ctx, "tcp", e.address)
	if err == nil || ctx.Err() != nil {
		return conn, e, err
	}
	another := b.elsewhere(e, err)
	if another == nil {
		return nil, e, err
	}
	conn, err = another.dialer.dial(ctx, "tcp", another.address)
	return conn, another, err
}

// elsewhere returns another endpoint for a request that failed at e, or nil if a part of the request may have arrived there.
func (b *backend) elsewhere(e *endpoint, err error) *endpoint {
	b.recheck()
	e.checkReachable()
	if !neverSent(err) {
		return nil
	}
	e.setDown()
	return b.pick(e)
}
