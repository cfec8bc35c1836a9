// Package controllers runs the controllers of kube-controller-manager without which a control plane would seem broken: namespaces
// would never be deleted, nor objects whose owner is gone; quotas would refuse everything; there would be no default ServiceAccount and
// no kube-root-ca.crt; the roles view and edit would be empty; and an APIService would not see the Endpoints of its Service.
package controllers

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
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

	"github.com/apiserver-builder/builder/proxy/controlplane/internal/version"
)

const (
	// These are kube-controller-manager's defaults.
	namespaceResync      = 5 * time.Minute
	metadataResync       = 12 * time.Hour
	maxEndpointsPerSlice = 1000
	gcInitialSync        = 30 * time.Second
	// discoveryPeriod is the interval at which the garbage collector and the quota controller look for new kinds. It is 30 s in
	// kube-controller-manager, but here, users wait for an API that they just registered.
	discoveryPeriod = 5 * time.Second
	// workers is small because one machine has little work for controllers.
	workers = 2
)

// Start starts the controllers. They end with ctx. rootCA is the certificate that kube-root-ca.crt publishes.
func Start(ctx context.Context, config *rest.Config, shared informers.SharedInformerFactory, rootCA []byte) error {
	config = rest.CopyConfig(config)
	config.UserAgent = version.UserAgent("kube-controller-manager")
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
		go run(ctx, workers)
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
	go gc.Run(ctx, workers, gcInitialSync)
	go gc.Sync(ctx, client.Discovery(), discoveryPeriod)
	return nil
}
