package proxy

import (
	"context"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/controller-manager/pkg/informerfactory"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/controller/certificates/rootcacertpublisher"
	"k8s.io/kubernetes/pkg/controller/clusterroleaggregation"
	"k8s.io/kubernetes/pkg/controller/endpointslicemirroring"
	"k8s.io/kubernetes/pkg/controller/garbagecollector"
	"k8s.io/kubernetes/pkg/controller/namespace"
	"k8s.io/kubernetes/pkg/controller/serviceaccount"

	"github.com/apiserver-builder/builder/proxy/pki"
)

const (
	// kube-controller-manager's defaults, for what nobody here would notice a difference in.
	namespaceResync      = 5 * time.Minute
	metadataResync       = 12 * time.Hour
	maxEndpointsPerSlice = 1000
	gcInitialSync        = 30 * time.Second
	// How often the garbage collector and the quota controller look for new kinds. kube-controller-manager takes 30 s; somebody
	// who has just registered an API is waiting.
	discoveryPeriod = 5 * time.Second
	// More workers would find nothing to do.
	controllerWorkers = 2
)

// addControllers has the controllers run with the server: always, or, for the replica of that name, while no other's do.
func (s *apiServer) addControllers(shared informers.SharedInformerFactory, certs pki.Dir, replica string) error {
	rootCA, err := os.ReadFile(certs.Cert(pki.ServingCA))
	if err != nil {
		return err
	}
	start := func(hook genericapiserver.PostStartHookContext) error {
		return startControllers(hook, hook.LoopbackClientConfig, shared, rootCA)
	}
	if replica != "" {
		e := &election{lead: func(ctx context.Context, client kubernetes.Interface, config *rest.Config) error {
			// Informers of a term's own: those of the server, once stopped, never start again.
			return startControllers(ctx, config, informers.NewSharedInformerFactory(client, 0), rootCA)
		}, fail: s.fail, name: replica, stop: make(chan struct{})}
		start = e.start
		if err := s.GenericAPIServer.AddPreShutdownHook("end-controllers-term", e.resign); err != nil {
			return err
		}
	}
	return s.addHooks(map[string]genericapiserver.PostStartHookFunc{"start-aggregation-proxy-controllers": start})
}

// startControllers runs those of kube-controller-manager's controllers without which a control plane seems broken to
// a developer: namespaces that never go, owned objects that stay, quotas that refuse everything because nothing is
// counted, no default ServiceAccount, no kube-root-ca.crt, empty `view` and `edit` roles, an APIService whose Service
// has Endpoints and is said to have none. They end with ctx.
func startControllers(ctx context.Context, config *rest.Config, shared informers.SharedInformerFactory, rootCA []byte) error {
	config = rest.CopyConfig(config)
	config.UserAgent = userAgent("kube-controller-manager")
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("controllers' client: %w", err)
	}
	metadataClient, err := metadata.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("controllers' metadata client: %w", err)
	}
	core := shared.Core().V1()

	namespaces := namespace.NewNamespaceController(ctx, client, metadataClient, client.Discovery().ServerPreferredNamespacedResources,
		core.Namespaces(), namespaceResync, corev1.FinalizerKubernetes)
	accounts, err := serviceaccount.NewServiceAccountsController(klog.FromContext(ctx), core.ServiceAccounts(), core.Namespaces(), client,
		serviceaccount.DefaultServiceAccountsControllerOptions())
	if err != nil {
		return fmt.Errorf("serviceaccount controller: %w", err)
	}
	rootCAs, err := rootcacertpublisher.NewPublisher(core.ConfigMaps(), core.Namespaces(), client, rootCA)
	if err != nil {
		return fmt.Errorf("root CA publisher: %w", err)
	}
	mirroring := endpointslicemirroring.NewController(ctx, core.Endpoints(), shared.Discovery().V1().EndpointSlices(), core.Services(),
		maxEndpointsPerSlice, client, 0)
	roles := clusterroleaggregation.NewClusterRoleAggregation(shared.Rbac().V1().ClusterRoles(), client.RbacV1())

	for _, run := range []func(context.Context, int){namespaces.Run, accounts.Run, rootCAs.Run, mirroring.Run, roles.Run} {
		go run(ctx, controllerWorkers)
	}

	informersStarted := make(chan struct{})
	close(informersStarted)
	all := informerfactory.NewInformerFactory(shared, metadatainformer.NewSharedInformerFactory(metadataClient, metadataResync))
	quotas := &quotaCounter{client, shared, all, informersStarted}
	if err := quotas.start(ctx); err != nil {
		return fmt.Errorf("quota controller: %w", err)
	}
	shared.Start(ctx.Done())
	return startGarbageCollector(ctx, client, metadataClient, all, informersStarted)
}

func startGarbageCollector(ctx context.Context, client kubernetes.Interface, metadataClient metadata.Interface, all informerfactory.InformerFactory, informersStarted <-chan struct{}) error {
	gc, err := garbagecollector.NewGarbageCollector(ctx, client, metadataClient,
		restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(client.Discovery())),
		garbagecollector.DefaultIgnoredResources(), all, informersStarted)
	if err != nil {
		return fmt.Errorf("garbage collector: %w", err)
	}
	go gc.Run(ctx, controllerWorkers, gcInitialSync)
	go gc.Sync(ctx, client.Discovery(), discoveryPeriod)
	return nil
}
