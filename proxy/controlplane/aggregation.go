package controlplane

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

// availabilityHook is the name of kube-aggregator's hook that starts its availability controller, which ours replaces.
const availabilityHook = "apiservice-status-remote-available-controller"

// slowDiscovery is the duration from which a discovery request is logged. Its limit is five seconds.
const slowDiscovery = time.Second

// remoteAPIServices replaces two parts of kube-aggregator: it forwards requests to extension-apiservers, and sets the conditions of
// their APIServices. kube-aggregator still stores APIServices, and serves discovery and OpenAPI.
type remoteAPIServices struct {
	layer             *aggregation.Layer
	clientCertificate *dynamiccertificates.DynamicCertKeyPairContent
}

// newRemoteAPIServices creates the layer and adds it to the configuration.
func newRemoteAPIServices(config *app.Config, discoveryTimeout time.Duration) (*remoteAPIServices, error) {
	extra := &config.Aggregator.ExtraConfig
	certificate, err := dynamiccertificates.NewDynamicServingContentFromFiles("aggregation-proxy-client-cert", extra.ProxyClientCertFile, extra.ProxyClientKeyFile)
	if err != nil {
		return nil, fmt.Errorf("read the front proxy's client certificate: %w", err)
	}
	layer, err := aggregation.New(aggregation.Config{
		Informers:         config.KubeAPIs.ControlPlane.VersionedInformers,
		ClientCertificate: certificate,
		DiscoveryTimeout:  discoveryTimeout,
	})
	if err != nil {
		return nil, err
	}
	extra.ServiceResolver = layer
	extra.DisableRemoteAvailableConditionController = true
	generic := config.Aggregator.GenericConfig
	stock := generic.BuildHandlerChainFunc
	generic.BuildHandlerChainFunc = layer.HandlerChain(func(api http.Handler, c *genericapiserver.Config) http.Handler {
		return stock(warnOfWorkloads(api), c)
	})
	return &remoteAPIServices{layer, certificate}, nil
}

// startWith creates the availability controller, which needs the server's informers, and starts it and the layer with the server.
func (r *remoteAPIServices) startWith(config *app.Config, aggregator *aggregatorapiserver.APIAggregator) error {
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
	controller, err := availability.New(availability.Config{
		APIServices:       apiServices,
		Services:          shared.Core().V1().Services(),
		EndpointSlices:    shared.Discovery().V1().EndpointSlices(),
		Client:            client.ApiregistrationV1(),
		Resolver:          r.layer,
		ClientCertificate: r.clientCertificate.CurrentCertKeyContent,
		Metrics:           metrics,
		OnChange:          r.layer.Refresh,
		OnProbe:           r.observeDiscovery,
	})
	if err != nil {
		return fmt.Errorf("availability controller: %w", err)
	}
	return aggregator.GenericAPIServer.AddPostStartHook(availabilityHook, func(hook genericapiserver.PostStartHookContext) error {
		go r.clientCertificate.Run(hook, 1)
		go controller.Run(hook)
		return r.layer.Start(hook, apiServices, controller)
	})
}

// observeDiscovery records the duration of a probe, and logs slow ones.
func (r *remoteAPIServices) observeDiscovery(apiService string, took time.Duration, err error) {
	r.layer.ObserveDiscovery(apiService, took, err)
	if err == nil && took > slowDiscovery {
		klog.InfoS("An extension-apiserver is slow at discovery: after five seconds it counts as unavailable", "apiService", apiService, "took", took.Round(time.Millisecond))
	}
}

// countLocal updates the metrics of local APIServices when their conditions change.
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

// takeOverMetrics registers kube-aggregator's availability metrics for our controller. It first unregisters the set of the server, in
// which only the local controller writes, because a name can be registered only once.
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
