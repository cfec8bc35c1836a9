package availability

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/util/proxy"
	corelisters "k8s.io/client-go/listers/core/v1"
	discoverylisters "k8s.io/client-go/listers/discovery/v1"
	"k8s.io/client-go/tools/cache"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

// These listers fail. A cache does not fail, but the interfaces allow it.
type (
	brokenServices struct{ corelisters.ServiceLister }
	brokenService  struct {
		corelisters.ServiceNamespaceLister
	}
	brokenSlices struct{}
)

var errBroken = errors.New("it is broken")

func (brokenServices) Services(string) corelisters.ServiceNamespaceLister { return brokenService{} }
func (brokenService) Get(string) (*corev1.Service, error)                 { return nil, errBroken }
func (brokenSlices) GetEndpointSlices(string, string) ([]*discoveryv1.EndpointSlice, error) {
	return nil, errBroken
}

func clusterIP(ports ...corev1.ServicePort) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "api"},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeClusterIP, Ports: ports},
	}
}

func endpoints(service, portName string, ready ...*bool) *discoveryv1.EndpointSlice {
	port := int32(8443)
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "api-1", Labels: map[string]string{discoveryv1.LabelServiceName: service}},
		Ports:      []discoveryv1.EndpointPort{{Name: &portName, Port: &port}},
	}
	for _, r := range ready {
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{Addresses: []string{"192.0.2.1"}, Conditions: discoveryv1.EndpointConditions{Ready: r}})
	}
	return slice
}

// TestUnreachable compares the conditions with kube-aggregator's.
func TestUnreachable(t *testing.T) {
	yes, no := new(true), new(false)
	web, https := corev1.ServicePort{Name: "web", Port: 80}, corev1.ServicePort{Name: "https", Port: 443}
	external := clusterIP()
	external.Spec.Type = corev1.ServiceTypeExternalName
	nodePort := clusterIP(web)
	nodePort.Spec.Type = corev1.ServiceTypeNodePort
	otherNamespace := endpoints("api", "https", yes)
	otherNamespace.Namespace = "other"
	noPort := endpoints("api", "https", yes)
	noPort.Ports[0].Port = nil
	const False, Unknown = apiregistrationv1.ConditionFalse, apiregistrationv1.ConditionUnknown

	for name, tt := range map[string]struct {
		service        *corev1.Service
		slices         []*discoveryv1.EndpointSlice
		brokenServices bool
		brokenSlices   bool
		status         apiregistrationv1.ConditionStatus // "" means that there is an endpoint to probe
		reason         string
		message        string
	}{
		"no Service": {status: False, reason: "ServiceNotFound", message: `service/api in "ns" is not present`},
		"Services can't be read": {
			brokenServices: true,
			status:         Unknown, reason: "ServiceAccessError", message: `service/api in "ns" cannot be checked due to: it is broken`,
		},
		"no ports":   {service: clusterIP(), status: False, reason: "ServicePortError", message: `service/api in "ns" is not listening on port 443`},
		"other port": {service: clusterIP(web), status: False, reason: "ServicePortError", message: `service/api in "ns" is not listening on port 443`},
		"EndpointSlices can't be read": {
			service: clusterIP(https), brokenSlices: true,
			status: Unknown, reason: "EndpointsAccessError", message: `service/api in "ns" cannot be checked due to: it is broken`,
		},
		"no EndpointSlices": {service: clusterIP(https), status: False, reason: "EndpointsNotFound", message: `cannot find endpointslices for service/api in "ns"`},
		"EndpointSlices of another Service": {
			service: clusterIP(https), slices: []*discoveryv1.EndpointSlice{endpoints("other", "https", yes)},
			status: False, reason: "EndpointsNotFound", message: `cannot find endpointslices for service/api in "ns"`,
		},
		"EndpointSlices of another namespace": {
			service: clusterIP(https), slices: []*discoveryv1.EndpointSlice{otherNamespace},
			status: False, reason: "EndpointsNotFound", message: `cannot find endpointslices for service/api in "ns"`,
		},
		"no endpoints": {
			service: clusterIP(https), slices: []*discoveryv1.EndpointSlice{endpoints("api", "https")},
			status: False, reason: "MissingEndpoints", message: `endpointslices for service/api in "ns" have no addresses with port name "https"`,
		},
		"endpoints that aren't ready": {
			service: clusterIP(https), slices: []*discoveryv1.EndpointSlice{endpoints("api", "https", no, no)},
			status: False, reason: "MissingEndpoints", message: `endpointslices for service/api in "ns" have no addresses with port name "https"`,
		},
		"another port's endpoints": {
			service: clusterIP(web, https), slices: []*discoveryv1.EndpointSlice{endpoints("api", "web", yes)},
			status: False, reason: "MissingEndpoints", message: `endpointslices for service/api in "ns" have no addresses with port name "https"`,
		},
		"a port without number": {
			service: clusterIP(https), slices: []*discoveryv1.EndpointSlice{noPort},
			status: False, reason: "MissingEndpoints", message: `endpointslices for service/api in "ns" have no addresses with port name "https"`,
		},
		"one ready endpoint":           {service: clusterIP(web, https), slices: []*discoveryv1.EndpointSlice{endpoints("api", "https", no, yes)}},
		"an endpoint of unknown state": {service: clusterIP(https), slices: []*discoveryv1.EndpointSlice{endpoints("api", "https", nil)}},
		"an external name":             {service: external},
		"a node port":                  {service: nodePort},
	} {
		t.Run(name, func(t *testing.T) {
			services := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
			slices := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
			if tt.service != nil {
				add(t, services, tt.service)
			}
			for _, slice := range tt.slices {
				add(t, slices, slice)
			}
			getter, err := proxy.NewEndpointSliceListerGetter(discoverylisters.NewEndpointSliceLister(slices))
			if err != nil {
				t.Fatal(err)
			}
			c := &Controller{services: corelisters.NewServiceLister(services), endpointSlices: getter}
			if tt.brokenServices {
				c.services = brokenServices{}
			}
			if tt.brokenSlices {
				c.endpointSlices = brokenSlices{}
			}
			port := int32(443)
			got, found := c.unreachable(&apiregistrationv1.APIService{Spec: apiregistrationv1.APIServiceSpec{
				Service: &apiregistrationv1.ServiceReference{Namespace: "ns", Name: "api", Port: &port},
			}})
			want := apiregistrationv1.APIServiceCondition{Status: tt.status, Reason: tt.reason, Message: tt.message}
			if found {
				want.Type = apiregistrationv1.Available
			}
			if found != (tt.status != "") {
				t.Errorf("unreachable says %t", found)
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(got, "LastTransitionTime")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func add(t *testing.T, indexer cache.Indexer, object any) {
	t.Helper()
	if err := indexer.Add(object); err != nil {
		t.Fatal(err)
	}
}

func TestWorthWriting(t *testing.T) {
	const Yes, No = apiregistrationv1.ConditionTrue, apiregistrationv1.ConditionFalse
	refused := condition(No, failedDiscoveryCheck, "connection refused")
	for name, tt := range map[string]struct {
		before *apiregistrationv1.APIServiceCondition
		after  apiregistrationv1.APIServiceCondition
		// how many of ten in a row are written
		want int
	}{
		"the first":      {nil, refused, 10},
		"another status": {&refused, condition(Yes, "Passed", "all checks passed"), 10},
		"another reason": {&refused, condition(No, "ServiceNotFound", "no Service"), 10},
		"the same":       {&refused, refused, 0},
		"another local port": {
			new(condition(No, failedDiscoveryCheck, "read tcp 127.0.0.1:40001->127.0.0.1:443: connection reset")),
			condition(No, failedDiscoveryCheck, "read tcp 127.0.0.1:40002->127.0.0.1:443: connection reset"), 0,
		},
		"another port of a Service": {new(condition(No, "ServicePortError", "port 1")), condition(No, "ServicePortError", "port 2"), 10},
		"another error every time":  {&refused, condition(No, failedDiscoveryCheck, "EOF"), messageBurst},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMonitor(nil, "", nil)
			got := 0
			for range 10 {
				if m.worthWriting(tt.before, tt.after) {
					got++
				}
			}
			if got != tt.want {
				t.Errorf("written %d times of 10, want %d", got, tt.want)
			}
		})
	}
}
