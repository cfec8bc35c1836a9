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

// idleTimeout closes connections to an endpoint that probes no longer select.
const idleTimeout = 5 * time.Second

// connections keeps the transport between probes of an APIService, as long as its TLS settings are the same.
type connections struct {
	settings  transport.TLSConfig
	transport *backends
}

// backends is the transport to the endpoints of one APIService.
type backends struct {
	// http1 sends one request at a time on a connection. Over HTTP/2, all attempts would share a connection, and so an endpoint.
	http1 *http.Transport
	// http2 is for servers that refuse HTTP/1.1. It opens a connection for each request.
	http2 *http.Transport
}

// to returns the transport to the endpoints of an APIService.
func (c *connections) to(apiService *apiregistrationv1.APIService, cert, key []byte) (*backends, error) {
	config := remote.BuildTransportConfig(nil, cert, key, apiService)
	settings := config.TLS
	if c.transport != nil && reflect.DeepEqual(c.settings, settings) {
		return c.transport, nil
	}
	c.close()
	tlsConfig, err := transport.TLSConfigFor(config)
	if err != nil {
		return nil, err
	}
	http1 := tlsConfig.Clone()
	http1.NextProtos = []string{"http/1.1"}
	c.settings, c.transport = settings, &backends{
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
	// The error has no type that identifies this alert.
	if err != nil && strings.HasSuffix(err.Error(), "tls: no application protocol") {
		return b.http2.RoundTrip(r)
	}
	return response, err
}

func (b *backends) closeIdle() {
	b.http1.CloseIdleConnections()
	b.http2.CloseIdleConnections()
}
