package controllers

import (
	"context"
	"fmt"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/apimachinery/pkg/util/wait"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/klog/v2"
)

// The Lease in kube-system elects the replica that runs the controllers. If the leader is killed, another replica takes over within
// leaseDuration and two leaseRetry.
const (
	leaseName     = "aggregation-proxy-controllers"
	leaseDuration = 10 * time.Second
	leaseRenewal  = 7 * time.Second
	leaseRetry    = 2 * time.Second

	namespacePoll = 10 * time.Millisecond
)

// Election runs the controllers on one of several replicas.
type Election struct {
	replica string
	rootCA  []byte
	fail    func(error)

	stop chan struct{}
	term sync.WaitGroup
}

// NewElection returns an election in which this process is the replica with the given name. If the controllers do not start, it calls
// fail, which ends the server.
func NewElection(replica string, rootCA []byte, fail func(error)) *Election {
	return &Election{replica: replica, rootCA: rootCA, fail: fail, stop: make(chan struct{})}
}

// Start implements PostStartHookFunc: it is a candidate until Resign, and runs the controllers whenever it is the leader.
func (e *Election) Start(hook genericapiserver.PostStartHookContext) error {
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
		// Another hook creates kube-system.
		if wait.PollUntilContextCancel(ctx, namespacePoll, true, func(ctx context.Context) (bool, error) {
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

// Resign stops the controllers and releases the Lease while requests are still served, so that another replica can take over at once.
func (e *Election) Resign() error {
	close(e.stop)
	e.term.Wait()
	return nil
}

func (e *Election) elector(client kubernetes.Interface, config *rest.Config) (*leaderelection.LeaderElector, error) {
	lock, err := resourcelock.New(resourcelock.LeasesResourceLock, metav1.NamespaceSystem, leaseName, client.CoreV1(), client.CoordinationV1(),
		resourcelock.ResourceLockConfig{Identity: e.replica + "_" + string(uuid.NewUUID())})
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
				// A term needs its own informers: those of the server cannot be started again after a stop.
				if err := Start(ctx, config, informers.NewSharedInformerFactory(client, 0), e.rootCA); err != nil && ctx.Err() == nil {
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
