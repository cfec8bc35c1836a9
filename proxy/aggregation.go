package proxy

import (
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"k8s.io/client-go/tools/cache"
	"k8s.io/component-base/metrics/legacyregistry"
	"k8s.io/klog/v2"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	aggregatorapiserver "k8s.io/kube-aggregator/pkg/apiserver"
	"k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"
	availabilitymetrics "k8s.io/kube-aggregator/pkg/controllers/status/metrics"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"

	"github.com/apiserver-builder/builder/proxy/internal/aggregation"
	"github.com/apiserver-builder/builder/proxy/internal/availability"
)

// availabilityHook is the name of kube-aggregator's hook that starts the controller that ours stands in for.
const availabilityHook = "apiservice-status-remote-available-controller"

// slowDiscovery is when an extension-apiserver is worth a line in the log: the limit is five seconds.
const slowDiscovery = time.Second

// remoteAPIServices is what this proxy has of its own in the aggregation layer: the way of a request to an
// extension-apiserver, and the judgement of whether it is available. Storage of APIServices, discovery and OpenAPI are
// kube-aggregator's.
type remoteAPIServices struct {
	layer             *aggregation.Layer
	availability      *availability.Controller
	clientCertificate *dynamiccertificates.DynamicCertKeyPairContent
}

// aggregateRemotely puts the layer into the configuration.
func aggregateRemotely(config *app.Config, discoveryTimeout time.Duration) (*remoteAPIServices, error) {
	extra := &config.Aggregator.ExtraConfig
	certificate, err := dynamiccertificates.NewDynamicServingContentFromFiles("aggregation-proxy-client-cert", extra.ProxyClientCertFile, extra.ProxyClientKeyFile)
	if err != nil {
		return nil, fmt.Errorf("read the front proxy's client certificate: %w", err)
	}
	remote := &remoteAPIServices{clientCertificate: certificate}
	remote.layer, err = aggregation.New(aggregation.Config{
		Informers:         config.KubeAPIs.ControlPlane.VersionedInformers,
		ClientCertificate: certificate,
		DiscoveryTimeout:  discoveryTimeout,
		Available: func(apiService *apiregistrationv1.APIService) (available, known bool) {
			return remote.availability.Available(apiService)
		},
		Recheck: func(apiService string) { remote.availability.Recheck(apiService) },
	})
	if err != nil {
		return nil, err
	}
	extra.ServiceResolver = remote.layer
	extra.DisableRemoteAvailableConditionController = true
	generic := config.Aggregator.GenericConfig
	stock := generic.BuildHandlerChainFunc
	generic.BuildHandlerChainFunc = remote.layer.HandlerChain(func(api http.Handler, c *genericapiserver.Config) http.Handler {
		return stock(warnOfWorkloads(api), c)
	})
	return remote, nil
}

// connect makes the availability controller, from what the server has once it is made, and starts all with it.
func (r *remoteAPIServices) connect(config *app.Config, aggregator *aggregatorapiserver.APIAggregator) error {
	client, err := clientset.NewForConfig(config.Aggregator.GenericConfig.LoopbackClientConfig)
	if err != nil {
		return err
	}
	metrics, err := takeOverMetrics()
	if err != nil {
		return err
	}
	apiServices := aggregator.APIRegistrationInformers.Apiregistration().V1().APIServices()
	if err := countLocal(apiServices.Informer(), metrics); err != nil {
		return err
	}
	shared := config.KubeAPIs.ControlPlane.VersionedInformers
	if r.availability, err = availability.New(availability.Config{
		APIServices:       apiServices,
		Services:          shared.Core().V1().Services(),
		EndpointSlices:    shared.Discovery().V1().EndpointSlices(),
		Client:            client.ApiregistrationV1(),
		Resolver:          r.layer,
		ClientCertificate: r.clientCertificate.CurrentCertKeyContent,
		Metrics:           metrics,
		Judged:            r.layer.Refresh,
		Observe:           observeDiscovery,
	}); err != nil {
		return fmt.Errorf("availability controller: %w", err)
	}
	return aggregator.GenericAPIServer.AddPostStartHook(availabilityHook, func(hook genericapiserver.PostStartHookContext) error {
		go r.clientCertificate.Run(hook, 1)
		go r.availability.Run(hook)
		return r.layer.Start(hook, apiServices)
	})
}

func observeDiscovery(apiService string, took time.Duration, err error) {
	aggregation.ObserveDiscovery(apiService, took, err)
	if err == nil && took > slowDiscovery {
		klog.InfoS("An extension-apiserver is slow at discovery: after five seconds it counts as unavailable", "apiService", apiService, "took", took.Round(time.Millisecond))
	}
}

// countLocal has the metrics of local APIServices follow their conditions.
func countLocal(apiServices cache.SharedInformer, metrics *availabilitymetrics.Metrics) error {
	set := func(object any) {
		if apiService := object.(*apiregistrationv1.APIService); apiService.Spec.Service == nil {
			metrics.SetUnavailableGauge(apiService)
		}
	}
	_, err := apiServices.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    set,
		UpdateFunc: func(_, object any) { set(object) },
		DeleteFunc: func(object any) {
			if name, err := cache.DeletionHandlingMetaNamespaceKeyFunc(object); err == nil {
				metrics.ForgetAPIService(name)
			}
		},
	})
	return err
}

// takeOverMetrics registers kube-aggregator's availability metrics for the controller that stands in for its own. The
// server has registered another set by now, which nothing but its local controller writes, and allows one of a name.
func takeOverMetrics() (*availabilitymetrics.Metrics, error) {
	registerer := legacyregistry.Registerer()
	for name, labels := range map[string][]string{
		"aggregator_unavailable_apiservice":       {"name"},
		"aggregator_unavailable_apiservice_total": {"name", "reason"},
	} {
		registerer.Unregister(prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name}, labels))
	}
	metrics := availabilitymetrics.New()
	return metrics, metrics.Register(legacyregistry.Register, legacyregistry.CustomRegister)
}
