package aggregation

import (
	"context"
	"maps"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/client-go/tools/cache"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	apiregistrationinformers "k8s.io/kube-aggregator/pkg/client/informers/externalversions/apiregistration/v1"
)

const (
	apisPrefix = "/apis/"
	// ownGroup is the group of the aggregation layer's API, which an extension-apiserver cannot serve.
	ownGroup = "apiregistration.k8s.io"
)

// Start watches APIServices, Services and EndpointSlices until ctx ends. It returns when there are routes for all existing ones.
func (l *Layer) Start(ctx context.Context, apiServices apiregistrationinformers.APIServiceInformer, availability Availability) error {
	l.mu.Lock()
	l.availability = availability
	l.mu.Unlock()
	var synced []cache.InformerSynced
	for informer, handler := range map[cache.SharedIndexInformer]cache.ResourceEventHandler{
		apiServices.Informer():                                          onChange(l.apiServiceChanged, l.apiServiceGone),
		l.config.Informers.Core().V1().Services().Informer():            onChange(l.serviceChanged, l.serviceChanged),
		l.config.Informers.Discovery().V1().EndpointSlices().Informer(): onChange(l.endpointSliceChanged, l.endpointSliceChanged),
	} {
		registration, err := informer.AddEventHandler(handler)
		if err != nil {
			return err
		}
		synced = append(synced, registration.HasSynced)
	}
	if !cache.WaitForCacheSync(ctx.Done(), synced...) {
		return context.Cause(ctx)
	}
	l.following.Store(true)
	go func() {
		<-ctx.Done()
		l.following.Store(false)
		l.close()
	}()
	return nil
}

// onChange returns a handler that calls changed for new and updated objects, and gone for deleted ones.
func onChange[T any](changed, gone func(T)) cache.ResourceEventHandler {
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { changed(object.(T)) },
		UpdateFunc: func(_, object any) { changed(object.(T)) },
		DeleteFunc: func(object any) {
			if unknown, ok := object.(cache.DeletedFinalStateUnknown); ok {
				object = unknown.Obj
			}
			if last, ok := object.(T); ok {
				gone(last)
			}
		},
	}
}

func (l *Layer) apiServiceChanged(apiService *apiregistrationv1.APIService) {
	if apiService.Spec.Service == nil || apiService.Spec.Group == ownGroup {
		l.apiServiceGone(apiService)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.apiServices[apiService.Name] = apiService
	l.refresh(apiService)
}

func (l *Layer) apiServiceGone(apiService *apiregistrationv1.APIService) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, remote := l.apiServices[apiService.Name]; !remote {
		return
	}
	delete(l.apiServices, apiService.Name)
	l.setRoute(routeOf(apiService), nil)
	l.metrics.forget(apiService.Name)
}

func (l *Layer) serviceChanged(service *corev1.Service) {
	l.refreshService(service.Namespace, service.Name)
}

func (l *Layer) endpointSliceChanged(slice *discoveryv1.EndpointSlice) {
	l.refreshService(slice.Namespace, slice.Labels[discoveryv1.LabelServiceName])
}

// refreshService updates the routes of the APIServices that refer to the Service.
func (l *Layer) refreshService(namespace, name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, apiService := range l.apiServices {
		if service := apiService.Spec.Service; service.Namespace == namespace && service.Name == name {
			l.refresh(apiService)
		}
	}
}

// ObserveDiscovery records the duration and the outcome of a probe in the metrics. It ignores a probe that ends after its APIService was
// deleted, because its series would never be removed.
func (l *Layer) ObserveDiscovery(apiService string, took time.Duration, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.apiServices[apiService] != nil {
		l.metrics.of(apiService).discovered(took, err)
	}
}

// Refresh updates the route of an APIService after its availability has changed.
func (l *Layer) Refresh(apiService string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if remote := l.apiServices[apiService]; remote != nil {
		l.refresh(remote)
	}
}

func (l *Layer) refreshAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, apiService := range l.apiServices {
		l.refresh(apiService)
	}
}

// refresh replaces the backend of a route by a current one, which keeps usable connections.
func (l *Layer) refresh(apiService *apiregistrationv1.APIService) {
	route := routeOf(apiService)
	l.setRoute(route, l.newBackend(apiService, (*l.routes.Load())[route]))
}

// setRoute replaces the backend of a route, or removes it.
func (l *Layer) setRoute(route string, b *backend) {
	routes := maps.Clone(*l.routes.Load())
	old := routes[route]
	if b == nil {
		delete(routes, route)
	} else {
		routes[route] = b
	}
	l.routes.Store(&routes)
	old.replacedBy(b)
}

func (l *Layer) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for route := range *l.routes.Load() {
		l.setRoute(route, nil)
	}
}

func routeOf(apiService *apiregistrationv1.APIService) string {
	return apiService.Spec.Group + "/" + apiService.Spec.Version
}

// backendFor returns the backend of a path, or nil if this server itself answers the request.
func (l *Layer) backendFor(path string) *backend {
	routes := *l.routes.Load()
	if len(routes) == 0 {
		return nil
	}
	return routes[routeFor(path)]
}

// routeFor returns the GROUP/VERSION in a path, or "" if there is none. Requests for /apis/GROUP are answered by this server.
func routeFor(path string) string {
	rest, ok := strings.CutPrefix(path, apisPrefix)
	if !ok {
		if path == "/api" || strings.HasPrefix(path, "/api/") {
			return "/v1" // of the APIService without a group
		}
		return ""
	}
	group := strings.IndexByte(rest, '/')
	if group <= 0 {
		return ""
	}
	version := strings.IndexByte(rest[group+1:], '/')
	if version < 0 {
		return rest
	}
	return rest[:group+1+version]
}
