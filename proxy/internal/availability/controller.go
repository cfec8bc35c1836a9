// Package availability keeps the Available condition of APIServices that a Service backs. It stands in for
// kube-aggregator's controller and says the same words, within seconds: that one looks every 30 s, and while an
// extension-apiserver is away less and less often.
package availability

import (
	"context"
	"errors"
	"net/url"
	"reflect"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apiserver/pkg/util/proxy"
	coreinformers "k8s.io/client-go/informers/core/v1"
	discoveryinformers "k8s.io/client-go/informers/discovery/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"k8s.io/kube-aggregator/pkg/apis/apiregistration/v1/helper"
	apiregistrationclient "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset/typed/apiregistration/v1"
	informers "k8s.io/kube-aggregator/pkg/client/informers/externalversions/apiregistration/v1"
	listers "k8s.io/kube-aggregator/pkg/client/listers/apiregistration/v1"
	"k8s.io/kube-aggregator/pkg/controllers"
	availabilitymetrics "k8s.io/kube-aggregator/pkg/controllers/status/metrics"
)

// byService is the index of APIServices by the NAMESPACE/NAME of their Service.
const byService = "availability.service"

// Resolver finds where a Service is served: an endpoint, at random among the ready ones.
type Resolver interface {
	ResolveEndpoint(namespace, name string, port int32) (*url.URL, error)
}

// Config is what a Controller works with.
type Config struct {
	APIServices    informers.APIServiceInformer
	Services       coreinformers.ServiceInformer
	EndpointSlices discoveryinformers.EndpointSliceInformer
	// Client writes the statuses.
	Client   apiregistrationclient.APIServicesGetter
	Resolver Resolver
	// ClientCertificate is the front proxy's at the moment. Nil: none is presented.
	ClientCertificate func() (certPEM, keyPEM []byte)
	// Metrics are kube-aggregator's of APIServices' availability. Nil: nothing is counted.
	Metrics *availabilitymetrics.Metrics
	// Judged is told the name of an APIService that Available tells something else of. Nil: nobody is.
	Judged func(apiService string)
	// Observe is told how long discovery took at every probe, and why it failed. Nil: nobody is.
	Observe func(apiService string, took time.Duration, err error)
}

// Controller keeps the Available condition of the APIServices that a Service backs. The local ones are the stock
// controller's.
type Controller struct {
	config         Config
	apiServices    listers.APIServiceLister
	index          cache.Indexer
	services       corelisters.ServiceLister
	endpointSlices proxy.EndpointSliceGetter
	synced         []cache.InformerSynced

	mu       sync.RWMutex
	ctx      context.Context // Run's, nil when it isn't running
	monitors map[string]*monitor
	running  sync.WaitGroup
}

// New prepares a Controller. The informers must not have been started yet.
func New(config Config) (*Controller, error) {
	if config.Resolver == nil {
		return nil, errors.New("availability controller: there is no resolver of Services")
	}
	endpointSlices, err := proxy.NewEndpointSliceIndexerGetter(config.EndpointSlices)
	if err != nil {
		return nil, err
	}
	apiServices := config.APIServices.Informer()
	if err := apiServices.AddIndexers(cache.Indexers{byService: serviceKeys}); err != nil {
		return nil, err
	}
	c := &Controller{
		config:         config,
		apiServices:    config.APIServices.Lister(),
		index:          apiServices.GetIndexer(),
		services:       config.Services.Lister(),
		endpointSlices: endpointSlices,
		monitors:       map[string]*monitor{},
	}
	if _, err := apiServices.AddEventHandler(cache.ResourceEventHandlerFuncs{UpdateFunc: c.statusChanged}); err != nil {
		return nil, err
	}
	for informer, handler := range map[cache.SharedIndexInformer]cache.ResourceEventHandler{
		apiServices:                      onChange(c.apiServiceChanged, sameAPIService),
		config.Services.Informer():       onChange(c.serviceChanged, sameService),
		config.EndpointSlices.Informer(): onChange(c.endpointSliceChanged, sameEndpoints),
	} {
		registration, err := informer.AddEventHandler(handler)
		if err != nil {
			return nil, err
		}
		c.synced = append(c.synced, registration.HasSynced)
	}
	return c, nil
}

// Run keeps the conditions until ctx ends, and returns when no probe is under way any more. Every APIService is probed
// on its own: one that hangs keeps no other waiting.
func (c *Controller) Run(ctx context.Context) {
	if !controllers.WaitForCacheSync("RemoteAvailability", ctx.Done(), c.synced...) {
		return
	}
	c.mu.Lock()
	c.ctx = ctx
	c.mu.Unlock()
	for _, name := range c.index.ListKeys() {
		c.follow(name)
	}
	<-ctx.Done()
	c.mu.Lock()
	c.ctx = nil
	c.mu.Unlock()
	c.running.Wait()
}

// Recheck has an APIService probed now, because a request to it failed on the way. It returns at once; many calls are
// one probe, and a moment lies between two.
func (c *Controller) Recheck(apiService string) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if m := c.monitors[apiService]; m != nil {
		signal(m.doubted)
	}
}

// Available tells what the last check by this process has found. Before the first one, it is not known.
func (c *Controller) Available(apiService *apiregistrationv1.APIService) (available, known bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	m := c.monitors[apiService.Name]
	if m == nil {
		return false, false
	}
	found := m.verdict.Load()
	if found == nil || found.uid != apiService.UID {
		return false, false
	}
	return found.available, true
}

// statusChanged has an APIService probed now that another replica has found otherwise.
func (c *Controller) statusChanged(_, current any) {
	apiService := current.(*apiregistrationv1.APIService)
	available, known := c.Available(apiService)
	if known && available != helper.IsAPIServiceConditionTrue(apiService, apiregistrationv1.Available) {
		c.Recheck(apiService.Name)
	}
}

// follow starts, stops or wakes the monitor of an APIService, as the informer's store has it.
func (c *Controller) follow(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx == nil {
		return
	}
	apiService, err := c.apiServices.Get(name)
	remote := err == nil && apiService.Spec.Service != nil
	m := c.monitors[name]
	switch {
	case remote && m != nil:
		signal(m.changed)
	case remote:
		ctx, stop := context.WithCancel(c.ctx)
		m = newMonitor(c, name, stop)
		c.monitors[name] = m
		c.running.Go(func() {
			m.run(ctx)
			c.ended(name)
		})
	case m != nil:
		m.stop()
		delete(c.monitors, name)
	}
}

// ended forgets the metrics of an APIService that is gone, unless it has come again meanwhile.
func (c *Controller) ended(name string) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if _, err := c.apiServices.Get(name); apierrors.IsNotFound(err) && c.config.Metrics != nil {
		c.config.Metrics.ForgetAPIService(name)
	}
}

func (c *Controller) apiServiceChanged(apiService *apiregistrationv1.APIService) {
	c.follow(apiService.Name)
}

func (c *Controller) serviceChanged(service *corev1.Service) {
	c.wake(service.Namespace, service.Name)
}

func (c *Controller) endpointSliceChanged(slice *discoveryv1.EndpointSlice) {
	if service := slice.Labels[discoveryv1.LabelServiceName]; service != "" {
		c.wake(slice.Namespace, service)
	}
}

// wake has the APIServices of a Service probed at once.
func (c *Controller) wake(namespace, service string) {
	names, err := c.index.IndexKeys(byService, namespace+"/"+service)
	if err != nil {
		return // there is no such index: New would have failed
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, name := range names {
		if m := c.monitors[name]; m != nil {
			signal(m.changed)
		}
	}
}

func serviceKeys(obj any) ([]string, error) {
	apiService, ok := obj.(*apiregistrationv1.APIService)
	if !ok || apiService.Spec.Service == nil {
		return nil, nil
	}
	return []string{apiService.Spec.Service.Namespace + "/" + apiService.Spec.Service.Name}, nil
}

// onChange calls changed for every object that comes, goes, or is no longer the same: an EndpointSlice may leave one
// Service for another, so both sides of a change count.
func onChange[T any](changed func(T), same func(a, b T) bool) cache.ResourceEventHandler {
	return cache.ResourceEventHandlerFuncs{
		AddFunc: func(obj any) { changed(obj.(T)) },
		UpdateFunc: func(before, after any) {
			if !same(before.(T), after.(T)) {
				changed(before.(T))
				changed(after.(T))
			}
		},
		DeleteFunc: func(obj any) {
			if last, ok := obj.(cache.DeletedFinalStateUnknown); ok {
				obj = last.Obj
			}
			if object, ok := obj.(T); ok {
				changed(object)
			}
		},
	}
}

// sameAPIService leaves the status out: it is this controller's own.
func sameAPIService(a, b *apiregistrationv1.APIService) bool {
	return a.UID == b.UID && reflect.DeepEqual(a.Spec, b.Spec)
}

func sameService(a, b *corev1.Service) bool {
	return a.UID == b.UID && equality.Semantic.DeepEqual(a.Spec, b.Spec)
}

func sameEndpoints(a, b *discoveryv1.EndpointSlice) bool {
	const service = discoveryv1.LabelServiceName
	return a.Labels[service] == b.Labels[service] && equality.Semantic.DeepEqual(a.Endpoints, b.Endpoints) && equality.Semantic.DeepEqual(a.Ports, b.Ports)
}

// signal leaves word in a channel of capacity one, where it may be already.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
