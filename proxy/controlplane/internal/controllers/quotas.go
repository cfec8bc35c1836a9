package controllers

import (
	"context"
	"sync"
	"time"

	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apiserver/pkg/quota/v1/generic"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/controller-manager/pkg/informerfactory"
	"k8s.io/kubernetes/pkg/controller"
	"k8s.io/kubernetes/pkg/controller/resourcequota"
	"k8s.io/kubernetes/pkg/quota/v1/install"
)

// quotaResync is the interval between full recounts, as in kube-controller-manager.
const quotaResync = 5 * time.Minute

// quotaCounter counts the objects that ResourceQuotas limit.
type quotaCounter struct {
	client kubernetes.Interface
	shared informers.SharedInformerFactory
	// all contains the informers of all kinds. The garbage collector starts them.
	all              informerfactory.InformerFactory
	informersStarted <-chan struct{}
}

// start runs kube-controller-manager's quota controller once there is a ResourceQuota. Before that, there is nothing to count, and the
// controller would request discovery every few seconds.
func (c *quotaCounter) start(ctx context.Context) error {
	first := make(chan struct{})
	found := sync.OnceFunc(func() { close(first) })
	_, err := c.shared.Core().V1().ResourceQuotas().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: func(any) { found() }})
	if err != nil {
		return err
	}
	go func() {
		select {
		case <-first:
			if err := c.run(ctx); err != nil {
				utilruntime.HandleErrorWithContext(ctx, err, "Quotas are not counted")
			}
		case <-ctx.Done():
		}
	}()
	return nil
}

// run runs the quota controller until ctx ends.
func (c *quotaCounter) run(ctx context.Context) error {
	evaluators, err := install.NewQuotaConfigurationForControllers(generic.ListerFuncForResourceFunc(c.shared.ForResource), c.shared)
	if err != nil {
		return err
	}
	options := &resourcequota.ControllerOptions{
		QuotaClient:               c.client.CoreV1(),
		ResourceQuotaInformer:     c.shared.Core().V1().ResourceQuotas(),
		ResyncPeriod:              controller.StaticResyncPeriodFunc(quotaResync),
		InformerFactory:           c.all,
		ReplenishmentResyncPeriod: controller.StaticResyncPeriodFunc(metadataResync),
		DiscoveryFunc:             c.client.Discovery().ServerPreferredNamespacedResources,
		IgnoredResourcesFunc:      evaluators.IgnoredResources,
		InformersStarted:          c.informersStarted,
		Registry:                  generic.NewRegistry(evaluators.Evaluators()),
		UpdateFilter:              install.DefaultUpdateFilter(),
	}
	var quotas *resourcequota.Controller
	err = wait.PollUntilContextCancel(ctx, discoveryPeriod, true, func(ctx context.Context) (bool, error) {
		var err error
		if quotas, err = resourcequota.NewController(ctx, options); err != nil {
			utilruntime.HandleErrorWithContext(ctx, err, "Quota controller could not discover what to count")
		}
		return err == nil, nil
	})
	if err != nil {
		return nil // ctx has ended
	}
	go quotas.Sync(ctx, options.DiscoveryFunc, discoveryPeriod)
	quotas.Run(ctx, workers)
	return nil
}
