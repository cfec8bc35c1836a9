// Package availability sets the Available condition of APIServices that refer to a Service. It replaces kube-aggregator's
// controller, with the same messages, but reacts within seconds. kube-aggregator checks every 30 s, and less often while an
// extension-apiserver fails.
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

// byService is the name of the index of APIServices by NAMESPACE/NAME of their Service.
const byService = "availability.service"

// Resolver returns the URL of a random ready endpoint of a Service.
type Resolver interface {
	ResolveEndpoint(namespace, name string, port int32) (*url.URL, error)
}

// Config contains the dependencies of a Controller.
type Config struct {
	APIServices    informers.APIServiceInformer
	Services       coreinformers.ServiceInformer
	EndpointSlices discoveryinformers.EndpointSliceInformer
	// Client updates the statuses.
	Client   apiregistrationclient.APIServicesGetter
	Resolver Resolver
	// ClientCertificate returns the current certificate of the front proxy. If it is nil, probes have no client certificate.
	ClientCertificate func() (certPEM, keyPEM []byte)
	// Metrics are kube-aggregator's availability metrics. They may be nil.
	Metrics *availabilitymetrics.Metrics
	// OnChange is called with the name of an APIService when the result of Available changes. It may be nil.
	OnChange func(apiService string)
	// OnProbe is called after each probe with its duration and error. It may be nil.
	OnProbe func(apiService string, took time.Duration, err error)
}

// Controller sets the Available condition of the APIServices that refer to a Service. kube-aggregator's controller sets that of
// local ones.
type Controller struct {
	config         Config
	apiServices    listers.APIServiceLister
	index          cache.Indexer
	services       corelisters.ServiceLister
	endpointSlices proxy.EndpointSliceGetter
	synced         []cache.InformerSynced

	mu       sync.RWMutex
	ctx      context.Context // the context of Run; nil while it does not run
	monitors map[string]*monitor
	running  sync.WaitGroup
}

// New returns a Controller. The informers must not have been started.
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

// Run sets conditions until ctx ends, and returns when all probes have ended. It probes each APIService independently, so that one
// that hangs delays no other.
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

// Recheck starts a probe of an APIService because a request to it failed. It does not wait. Calls within a short time share a
// probe.
func (c *Controller) Recheck(apiService string) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if m := c.monitors[apiService]; m != nil {
		signal(m.recheck)
	}
}

// Available returns the result of the last check by this process. It is unknown before the first check.
func (c *Controller) Available(apiService *apiregistrationv1.APIService) (available, known bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	m := c.monitors[apiService.Name]
	if m == nil {
		return false, false
	}
	found := m.result.Load()
	if found == nil || found.uid != apiService.UID {
		return false, false
	}
	return found.available, true
}

// statusChanged starts a probe of an APIService for which another replica has a different result.
func (c *Controller) statusChanged(_, current any) {
	apiService := current.(*apiregistrationv1.APIService)
	available, known := c.Available(apiService)
	if known && available != helper.IsAPIServiceConditionTrue(apiService, apiregistrationv1.Available) {
		c.Recheck(apiService.Name)
	}
}

// follow starts, stops or wakes the monitor of an APIService, according to the informer's store.
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

// ended removes the metrics of an APIService, unless it has been created again.
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

// wake starts probes of the APIServices of a Service.
func (c *Controller) wake(namespace, service string) {
	names, err := c.index.IndexKeys(byService, namespace+"/"+service)
	if err != nil {
		return // the index is missing, but then New would have failed
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

// onChange calls changed for every object that is created, deleted or changed. After a change, it is called for both the old and
// the new object, because an EndpointSlice may move to another Service.
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

// sameAPIService ignores the status, which this controller writes.
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

// signal sends to a channel of capacity one, unless that contains a value already.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
