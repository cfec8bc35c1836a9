// Package aggregation is the way of a request to an extension-apiserver: which APIService it is for, which endpoint
// answers it, over which connection, and with what of kube-apiserver's handler chain around it. What a client and an
// extension-apiserver see is what k8s.io/kube-aggregator shows them; how much work it takes is what differs.
package aggregation

import (
	"net/http/httputil"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"k8s.io/client-go/informers"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

// Config is what a Layer works with.
type Config struct {
	// Informers are kube-apiserver's own: Services and EndpointSlices come from them.
	Informers informers.SharedInformerFactory
	// ClientCertificate is the front proxy's, shown to extension-apiservers. After a change, new connections show the
	// new one and no old connection is used again.
	ClientCertificate dynamiccertificates.CertKeyContentProvider
	// DiscoveryTimeout is how long an extension-apiserver may take for /apis/GROUP/VERSION; 0 is for ever.
	DiscoveryTimeout time.Duration
	// Available tells whether this process has found an APIService available, if it has found out. What its status says is
	// of another replica, maybe. Nil: the status tells.
	Available func(*apiregistrationv1.APIService) (available, known bool)
	// Recheck is told the name of an APIService that a request could not be brought to.
	Recheck func(apiService string)
}

// Layer knows the remote APIServices and serves the requests for them.
type Layer struct {
	config    Config
	endpoints *endpointResolver
	metrics   *layerMetrics
	proxy     *httputil.ReverseProxy
	// longRunning tells which requests may go on for ever: watches, mostly. The server's configuration has it.
	longRunning request.LongRunningRequestCheck

	// routes has the backends by GROUP/VERSION, as in a path. A change replaces the map.
	routes atomic.Pointer[map[string]*backend]
	// following is set while the routes are those of the APIServices.
	following atomic.Bool

	mu          sync.Mutex // held to change routes
	apiServices map[string]*apiregistrationv1.APIService
}

// New makes a Layer without routes; Start fills it.
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

// listener is a function that is told that a certificate has changed.
type listener func()

// Enqueue implements dynamiccertificates.Listener.
func (f listener) Enqueue() { f() }
