package availability

import (
	"net/http"
	"reflect"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/transport"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"k8s.io/kube-aggregator/pkg/controllers/status/remote"
)

// idleTimeout is when connections to an endpoint end that is no longer picked.
const idleTimeout = 5 * time.Second

// connections are kept from one probe of an APIService to the next, as long as they would be made in the same way.
type connections struct {
	tls       transport.TLSConfig
	transport *backends
}

// backends is the transport to those of one APIService.
type backends struct {
	// One connection carries one request: over HTTP/2 all attempts would share one, and with it one backend.
	http1 *http.Transport
	// For a backend that knows nothing else, a connection for every request.
	http2 *http.Transport
}

// to returns the transport to an APIService's backends.
func (c *connections) to(apiService *apiregistrationv1.APIService, cert, key []byte) (*backends, error) {
	config := remote.BuildTransportConfig(nil, cert, key, apiService)
	tls := config.TLS
	if c.transport != nil && reflect.DeepEqual(c.tls, tls) {
		return c.transport, nil
	}
	c.close()
	tlsConfig, err := transport.TLSConfigFor(config)
	if err != nil {
		return nil, err
	}
	http1 := tlsConfig.Clone()
	http1.NextProtos = []string{"http/1.1"}
	c.tls, c.transport = tls, &backends{
		http1: net.SetTransportDefaults(&http.Transport{TLSClientConfig: http1, MaxIdleConnsPerHost: 1, IdleConnTimeout: idleTimeout}),
		http2: net.SetTransportDefaults(&http.Transport{TLSClientConfig: tlsConfig, DisableKeepAlives: true}),
	}
	return c.transport, nil
}

func (c *connections) close() {
	if c.transport != nil {
		c.transport.closeIdle()
		c.transport = nil
	}
}

// RoundTrip implements http.RoundTripper.
func (b *backends) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := b.http1.RoundTrip(r)
	// There is no other way to tell this alert from the rest.
	if err != nil && strings.HasSuffix(err.Error(), "tls: no application protocol") {
		return b.http2.RoundTrip(r)
	}
	return response, err
}

func (b *backends) closeIdle() {
	b.http1.CloseIdleConnections()
	b.http2.CloseIdleConnections()
}
