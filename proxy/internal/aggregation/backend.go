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

// backend is what requests to one APIService need to know about it, at one moment: it never changes.
type backend struct {
	name        string // of the APIService
	available   bool
	trust       trust
	trustErr    error // why there can be no connection, whatever the address
	endpoints   []*endpoint
	endpointErr error // why there are no endpoints
	metrics     *backendMetrics
	recheck     func()
}

// trust is what both sides of a connection rely on: what the extension-apiserver has to show and what is shown to it.
type trust struct {
	caBundle, cert, key []byte
	insecure            bool
	serverName          string
}

func (t trust) equal(other trust) bool {
	return bytes.Equal(t.caBundle, other.caBundle) && bytes.Equal(t.cert, other.cert) && bytes.Equal(t.key, other.key) &&
		t.insecure == other.insecure && t.serverName == other.serverName
}

// newBackend makes the backend of an APIService. Endpoints of old are kept, with their connections, when the same
// trust goes for them.
func (l *Layer) newBackend(apiService *apiregistrationv1.APIService, old *backend) *backend {
	cert, key := l.config.ClientCertificate.CurrentCertKeyContent()
	config := remote.BuildTransportConfig(nil, cert, key, apiService)
	b := &backend{
		name:      apiService.Name,
		available: l.available(apiService),
		trust:     trust{config.TLS.CAData, cert, key, config.TLS.Insecure, config.TLS.ServerName},
		metrics:   l.metrics.of(apiService.Name),
		recheck:   func() { l.config.Recheck(apiService.Name) },
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

// available tells whether to serve an APIService: as this process has found out, or until then as its status says.
func (l *Layer) available(apiService *apiregistrationv1.APIService) bool {
	if l.config.Available != nil {
		if available, known := l.config.Available(apiService); known {
			return available
		}
	}
	return apiregistrationhelper.IsAPIServiceConditionTrue(apiService, apiregistrationv1.Available)
}

// replacedBy closes the endpoints that next doesn't go on with.
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

// pick returns one of the endpoints at random, but not tried, and not one that is known to be down unless all are.
func (b *backend) pick(tried *endpoint) *endpoint {
	if e := b.pickAmong(func(e *endpoint) bool { return e != tried && !e.down.Load() }); e != nil {
		return e
	}
	return b.pickAmong(func(e *endpoint) bool { return e != tried })
}

// pickAmong returns one of the endpoints that fit, all with the same chance.
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

// roundTrip sends the request to e; when nothing of it can have got there, to another endpoint instead.
func (b *backend) roundTrip(r *http.Request, e *endpoint, longRunning bool) (*http.Response, error) {
	body := r.Body
	if body != nil {
		r.Body = keepOpen{body} // a failed attempt closes it; the reverse proxy does in the end
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

// connect opens a connection to e, or to another endpoint when that fails, and returns to which.
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

// elsewhere returns the endpoint to send a request to that failed at e, or nil when some of it may have got there.
func (b *backend) elsewhere(e *endpoint, err error) *endpoint {
	b.recheck()
	e.suspect()
	if !neverSent(err) {
		return nil
	}
	e.setDown()
	return b.pick(e)
}
