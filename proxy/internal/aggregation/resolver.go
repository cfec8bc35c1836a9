package aggregation

import (
	"fmt"
	"net"
	"net/url"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	proxyutil "k8s.io/apiserver/pkg/util/proxy"
	"k8s.io/client-go/informers"
	corelisters "k8s.io/client-go/listers/core/v1"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"k8s.io/utils/ptr"
)

// endpointResolver returns the addresses of a Service. Nothing routes cluster IPs here, so it uses the endpoints, as kube-apiserver
// does with --enable-aggregator-routing. It also follows an ExternalName, as kube-apiserver does without that flag.
type endpointResolver struct {
	services corelisters.ServiceLister
	slices   proxyutil.EndpointSliceGetter
}

func newEndpointResolver(informers informers.SharedInformerFactory) (*endpointResolver, error) {
	slices, err := proxyutil.NewEndpointSliceIndexerGetter(informers.Discovery().V1().EndpointSlices())
	if err != nil {
		return nil, fmt.Errorf("index EndpointSlices by Service: %w", err)
	}
	return &endpointResolver{informers.Core().V1().Services().Lister(), slices}, nil
}

// ResolveEndpoint returns https://HOST:PORT of a random ready endpoint of the Service. It implements kube-aggregator's
// ServiceResolver.
func (l *Layer) ResolveEndpoint(namespace, name string, port int32) (*url.URL, error) {
	r := l.endpoints
	service, err := r.services.Services(namespace).Get(name)
	if err != nil {
		return nil, err
	}
	if service.Spec.Type == corev1.ServiceTypeExternalName {
		return &url.URL{Scheme: "https", Host: externalAddress(service, port)}, nil
	}
	return proxyutil.ResolveEndpoint(r.services, r.slices, namespace, name, port)
}

// addresses returns HOST:PORT of all endpoints from which ResolveEndpoint chooses. There may be none.
func (r *endpointResolver) addresses(reference *apiregistrationv1.ServiceReference) ([]string, error) {
	port := *reference.Port
	service, err := r.services.Services(reference.Namespace).Get(reference.Name)
	if err != nil {
		return nil, err
	}
	if service.Spec.Type == corev1.ServiceTypeExternalName {
		return []string{externalAddress(service, port)}, nil
	}
	slices, err := r.slices.GetEndpointSlices(reference.Namespace, reference.Name)
	if err != nil {
		return nil, err
	}
	for _, p := range service.Spec.Ports {
		if p.Port == port {
			return preferredAddresses(service, slices, p.Name), nil
		}
	}
	return nil, fmt.Errorf("no service port %d found for service %q", port, service.Name)
}

func externalAddress(service *corev1.Service, port int32) string {
	return net.JoinHostPort(service.Spec.ExternalName, strconv.Itoa(int(port)))
}

// preferredAddresses returns the ready endpoints of the Service's first IP family, or if there are none, of the other.
func preferredAddresses(service *corev1.Service, slices []*discoveryv1.EndpointSlice, portName string) []string {
	var preferred, others []string
	for _, slice := range slices {
		addresses := readyAddresses(slice, portName)
		if len(service.Spec.IPFamilies) == 0 || slice.AddressType == discoveryv1.AddressType(service.Spec.IPFamilies[0]) {
			preferred = append(preferred, addresses...)
		} else {
			others = append(others, addresses...)
		}
	}
	if len(preferred) == 0 {
		return others
	}
	return preferred
}

func readyAddresses(slice *discoveryv1.EndpointSlice, portName string) []string {
	for _, port := range slice.Ports {
		if port.Name == nil || *port.Name != portName || port.Port == nil {
			continue
		}
		var addresses []string
		for _, endpoint := range slice.Endpoints {
			if ptr.Deref(endpoint.Conditions.Ready, true) {
				addresses = append(addresses, net.JoinHostPort(endpoint.Addresses[0], strconv.Itoa(int(*port.Port))))
			}
		}
		return addresses
	}
	return nil
}
