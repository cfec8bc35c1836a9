package proxy

import (
	"context"
	"fmt"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/apimachinery/pkg/util/wait"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/klog/v2"
)

// The Lease in kube-system that replicas' controllers take turns by, and for how long it is good unless renewed: after
// a leader was killed, another follows within leaseDuration and two of leaseRetry.
const (
	leaseName     = "aggregation-proxy-controllers"
	leaseDuration = 10 * time.Second
	leaseRenewal  = 7 * time.Second
	leaseRetry    = 2 * time.Second
)

// election has one of several replicas lead.
type election struct {
	// lead starts what the leader does, until ctx ends.
	lead func(ctx context.Context, client kubernetes.Interface, config *rest.Config) error
	// fail ends the server.
	fail func(error)
	// name tells this replica from others to a person.
	name string

	stop chan struct{}
	term sync.WaitGroup
}

// start runs for leader until resign, term after term.
func (e *election) start(hook genericapiserver.PostStartHookContext) error {
	config := hook.LoopbackClientConfig
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("election's client: %w", err)
	}
	elector, err := e.elector(client, config)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(hook)
	go func() {
		<-e.stop
		cancel()
	}()
	e.term.Go(func() {
		// kube-system is made by another hook.
		if wait.PollUntilContextCancel(ctx, readyPoll, true, func(ctx context.Context) (bool, error) {
			_, err := client.CoreV1().Namespaces().Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
			return err == nil, nil
		}) != nil {
			return
		}
		for ctx.Err() == nil {
			elector.Run(ctx)
		}
	})
	return nil
}

// resign gives the Lease back while requests are still served, so that another replica need not wait.
func (e *election) resign() error {
	close(e.stop)
	e.term.Wait()
	return nil
}

func (e *election) elector(client kubernetes.Interface, config *rest.Config) (*leaderelection.LeaderElector, error) {
	lock, err := resourcelock.New(resourcelock.LeasesResourceLock, metav1.NamespaceSystem, leaseName, client.CoreV1(), client.CoordinationV1(),
		resourcelock.ResourceLockConfig{Identity: e.name + "_" + string(uuid.NewUUID())})
	if err != nil {
		return nil, fmt.Errorf("lock of the controllers: %w", err)
	}
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock:            lock,
		Name:            leaseName,
		LeaseDuration:   leaseDuration,
		RenewDeadline:   leaseRenewal,
		RetryPeriod:     leaseRetry,
		ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(ctx context.Context) {
				klog.V(1).InfoS("Running the controllers", "replica", lock.Identity())
				if err := e.lead(ctx, client, config); err != nil && ctx.Err() == nil {
					e.fail(err)
				}
			},
			OnStoppedLeading: func() { klog.V(1).InfoS("Not running the controllers any more", "replica", lock.Identity()) },
			OnNewLeader:      func(replica string) { klog.V(1).InfoS("Controllers run on", "replica", replica) },
		},
	})
	if err != nil {
		return nil, fmt.Errorf("election of the controllers: %w", err)
	}
	return elector, nil
}
