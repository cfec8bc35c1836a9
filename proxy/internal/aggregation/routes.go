package aggregation

import (
	"context"
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/client-go/tools/cache"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	apiregistrationinformers "k8s.io/kube-aggregator/pkg/client/informers/externalversions/apiregistration/v1"
)

const (
	apisPrefix = "/apis/"
	// ownGroup is always served here: the aggregation layer's own API can't be delegated.
	ownGroup = "apiregistration.k8s.io"
)

// Start follows the APIServices, Services and EndpointSlices until ctx ends. It returns when all that exist are known.
func (l *Layer) Start(ctx context.Context, apiServices apiregistrationinformers.APIServiceInformer) error {
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

// onChange calls changed for an object that is new or different, and gone for one that no longer exists.
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

// refreshService brings the routes of the APIServices up to date that refer to the Service.
func (l *Layer) refreshService(namespace, name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, apiService := range l.apiServices {
		if service := apiService.Spec.Service; service.Namespace == namespace && service.Name == name {
			l.refresh(apiService)
		}
	}
}

// Refresh is told that Available tells something else of an APIService.
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

// refresh puts a backend that is up to date into the route. Connections that are still right are kept.
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

// backendFor returns the backend that a path belongs to, or nil when this server itself is to answer.
func (l *Layer) backendFor(path string) *backend {
	routes := *l.routes.Load()
	if len(routes) == 0 {
		return nil
	}
	return routes[routeFor(path)]
}

// routeFor returns GROUP/VERSION of a path, or "" when it has none: that of /apis/GROUP is the layer's own.
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
