package availability

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

// failedDiscoveryCheck is the reason of a failed probe.
const failedDiscoveryCheck = "FailedDiscoveryCheck"

func condition(status apiregistrationv1.ConditionStatus, reason, message string) apiregistrationv1.APIServiceCondition {
	return apiregistrationv1.APIServiceCondition{
		Type:               apiregistrationv1.Available,
		Status:             status,
		LastTransitionTime: metav1.Now(),
		Reason:             reason,
		Message:            message,
	}
}

// unreachable returns a condition, with kube-aggregator's message, if the Service or its EndpointSlices provide no endpoint to
// probe.
func (c *Controller) unreachable(apiService *apiregistrationv1.APIService) (apiregistrationv1.APIServiceCondition, bool) {
	const no, unknown = apiregistrationv1.ConditionFalse, apiregistrationv1.ConditionUnknown
	ref := apiService.Spec.Service
	service, err := c.services.Services(ref.Namespace).Get(ref.Name)
	if apierrors.IsNotFound(err) {
		return condition(no, "ServiceNotFound", fmt.Sprintf("service/%s in %q is not present", ref.Name, ref.Namespace)), true
	}
	if err != nil {
		return condition(unknown, "ServiceAccessError", fmt.Sprintf("service/%s in %q cannot be checked due to: %v", ref.Name, ref.Namespace, err)), true
	}
	// Other Services have no ports or endpoints, or are routed elsewhere.
	if service.Spec.Type != corev1.ServiceTypeClusterIP {
		return apiregistrationv1.APIServiceCondition{}, false
	}
	port := slices.IndexFunc(service.Spec.Ports, func(p corev1.ServicePort) bool { return p.Port == *ref.Port })
	if port < 0 {
		return condition(no, "ServicePortError", fmt.Sprintf("service/%s in %q is not listening on port %d", ref.Name, ref.Namespace, *ref.Port)), true
	}
	portName := service.Spec.Ports[port].Name
	endpointSlices, err := c.endpointSlices.GetEndpointSlices(ref.Namespace, ref.Name)
	if err != nil {
		return condition(unknown, "EndpointsAccessError", fmt.Sprintf("service/%s in %q cannot be checked due to: %v", ref.Name, ref.Namespace, err)), true
	}
	if len(endpointSlices) == 0 {
		return condition(no, "EndpointsNotFound", fmt.Sprintf("cannot find endpointslices for service/%s in %q", ref.Name, ref.Namespace)), true
	}
	if !slices.ContainsFunc(endpointSlices, func(s *discoveryv1.EndpointSlice) bool { return ready(s, portName) }) {
		return condition(no, "MissingEndpoints", fmt.Sprintf("endpointslices for service/%s in %q have no addresses with port name %q", ref.Name, ref.Namespace, portName)), true
	}
	return apiregistrationv1.APIServiceCondition{}, false
}

// ready reports whether an EndpointSlice has a ready endpoint, and the port.
func ready(slice *discoveryv1.EndpointSlice, portName string) bool {
	return slices.ContainsFunc(slice.Endpoints, func(e discoveryv1.Endpoint) bool {
		return e.Conditions.Ready == nil || *e.Conditions.Ready
	}) && slices.ContainsFunc(slice.Ports, func(p discoveryv1.EndpointPort) bool {
		return p.Name != nil && *p.Name == portName && p.Port != nil
	})
}
