// Package aggregation forwards requests to extension-apiservers. It selects the APIService, an endpoint and a connection, and the
// filters of kube-apiserver's handler chain. Clients and extension-apiservers see the behavior of k8s.io/kube-aggregator, but a
// request takes less work.
package aggregation

import (
	"net/http/httputil"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"k8s.io/client-go/informers"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

// Config contains the dependencies and settings of a Layer.
type Config struct {
	// Informers are kube-apiserver's informers, for Services and EndpointSlices.
	Informers informers.SharedInformerFactory
	// ClientCertificate is the front proxy's certificate for extension-apiservers. After a change, new connections use the
	// new certificate, and existing connections are not reused.
	ClientCertificate dynamiccertificates.CertKeyContentProvider
	// DiscoveryTimeout limits requests for /apis/GROUP/VERSION. 0 means no limit.
	DiscoveryTimeout time.Duration
}

// Availability checks which APIServices are available.
type Availability interface {
	// Available returns the result of the last check by this process. It is unknown before the first check. The status of the
	// APIService may contain the result of another replica.
	Available(*apiregistrationv1.APIService) (available, known bool)
	// Recheck starts a check of an APIService, because a request to it failed.
	Recheck(apiService string)
}

// Layer forwards requests for remote APIServices.
type Layer struct {
	config    Config
	endpoints *endpointResolver
	metrics   *layerMetrics
	proxy     *httputil.ReverseProxy

	// routes contains the backends by GROUP/VERSION, as in a path. A change replaces the map.
	routes atomic.Pointer[map[string]*backend]
	// following is set while the routes match the APIServices.
	following atomic.Bool

	mu           sync.Mutex // guards the fields below, and changes of routes
	availability Availability
	apiServices  map[string]*apiregistrationv1.APIService
}

// New returns a Layer without routes. Start adds them.
func New(config Config) (*Layer, error) {
	endpoints, err := newEndpointResolver(config.Informers)
	if err != nil {
		return nil, err
	}
	l := &Layer{
		config:      config,
		endpoints:   endpoints,
		metrics:     newLayerMetrics(),
		apiServices: map[string]*apiregistrationv1.APIService{},
	}
	l.routes.Store(&map[string]*backend{})
	l.proxy = newReverseProxy()
	config.ClientCertificate.AddListener(listener(l.refreshAll))
	return l, nil
}

// listener is called when a certificate has changed.
type listener func()

// Enqueue implements dynamiccertificates.Listener.
func (f listener) Enqueue() { f() }
