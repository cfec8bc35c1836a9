package proxytest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

// Register registers the backend like a local extension-apiserver, with a Service that is an ExternalName for localhost, and an
// APIService for each version. It returns when they are Available and served.
func (b *Backend) Register(t testing.TB, cp *ControlPlane) {
	t.Helper()
	b.CreateService(t, cp, corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "localhost"})
	b.CreateAPIServices(t, cp)
	b.WaitServed(t, cp)
}

// RegisterEndpoints registers the backend as in a cluster, with a Service that has a cluster IP, and an EndpointSlice with the
// addresses and the backend's port. Loopback addresses are not allowed. It does not wait.
func (b *Backend) RegisterEndpoints(t testing.TB, cp *ControlPlane, addresses ...string) {
	t.Helper()
	port := int32(b.Options.Port)
	b.CreateService(t, cp, corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "https", Port: port}}})
	b.CreateEndpointSlice(t, cp, "https", addresses...)
	b.CreateAPIServices(t, cp)
}

// CreateService creates the Service to which the backend's APIServices refer.
func (b *Backend) CreateService(t testing.TB, cp *ControlPlane, spec corev1.ServiceSpec) {
	t.Helper()
	if _, err := cp.Client(t).CoreV1().Services(b.Options.Namespace).Create(t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: b.Options.Service}, Spec: spec,
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// CreateEndpointSlice creates ready endpoints of the Service with the addresses and the backend's port.
func (b *Backend) CreateEndpointSlice(t testing.TB, cp *ControlPlane, portName string, addresses ...string) {
	t.Helper()
	port := int32(b.Options.Port)
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			GenerateName: b.Options.Service + "-",
			Labels:       map[string]string{discoveryv1.LabelServiceName: b.Options.Service},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: &portName, Port: &port}},
	}
	for _, address := range addresses {
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{Addresses: []string{address}})
	}
	if _, err := cp.Client(t).DiscoveryV1().EndpointSlices(b.Options.Namespace).Create(t.Context(), slice, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// APIService returns the APIService of a version without creating it. The first version has the highest priority.
func (b *Backend) APIService(version string) *apiregistrationv1.APIService {
	port, priority := int32(b.Options.Port), int32(100)
	for i, v := range b.Options.Versions {
		if v == version {
			priority -= int32(i)
		}
	}
	return &apiregistrationv1.APIService{
		ObjectMeta: metav1.ObjectMeta{Name: version + "." + b.Options.Group},
		Spec: apiregistrationv1.APIServiceSpec{
			Group: b.Options.Group, Version: version, GroupPriorityMinimum: 1000, VersionPriority: priority,
			CABundle: b.Authority.PEM,
			Service:  &apiregistrationv1.ServiceReference{Namespace: b.Options.Namespace, Name: b.Options.Service, Port: &port},
		},
	}
}

// CreateAPIServices creates the APIService of each version. They are deleted after the test.
func (b *Backend) CreateAPIServices(t testing.TB, cp *ControlPlane) {
	t.Helper()
	for _, version := range b.Options.Versions {
		cp.CreateAPIService(t, b.APIService(version))
	}
}

// WaitServed waits until the backend's APIServices are Available and requests for them succeed. The aggregation layer updates its
// routes shortly before or after the status.
func (b *Backend) WaitServed(t testing.TB, cp *ControlPlane) {
	t.Helper()
	for _, version := range b.Options.Versions {
		cp.WaitCondition(t, version+"."+b.Options.Group, "", func(c apiregistrationv1.APIServiceCondition) bool {
			return c.Status == apiregistrationv1.ConditionTrue
		})
		path := "/apis/" + b.Options.Group + "/" + version
		Eventually(t, "GET "+path, Patience, func(ctx context.Context) error {
			return cp.Client(t).Discovery().RESTClient().Get().AbsPath(path).Do(ctx).Error()
		})
	}
}

// CreateAPIService creates an APIService, and deletes it when the test ends.
func (cp *ControlPlane) CreateAPIService(t testing.TB, service *apiregistrationv1.APIService) {
	t.Helper()
	services := cp.Aggregator(t).ApiregistrationV1().APIServices()
	if _, err := services.Create(t.Context(), service, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	// The test's context has ended by then. The control plane may have ended, too.
	t.Cleanup(func() { _ = services.Delete(context.Background(), service.Name, metav1.DeleteOptions{}) })
}

// UpdateAPIService changes the spec of an existing APIService.
func (cp *ControlPlane) UpdateAPIService(t testing.TB, name string, change func(*apiregistrationv1.APIServiceSpec)) {
	t.Helper()
	services := cp.Aggregator(t).ApiregistrationV1().APIServices()
	Eventually(t, "update of APIService "+name, Patience, func(ctx context.Context) error {
		service, err := services.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		change(&service.Spec)
		_, err = services.Update(ctx, service, metav1.UpdateOptions{}) // conflicts are usual, because the status changes as well
		return err
	})
}

// WaitCondition waits until an APIService has the wanted condition Available, with the given reason unless it is "", and returns
// the condition.
func (cp *ControlPlane) WaitCondition(t testing.TB, name, reason string, wanted func(apiregistrationv1.APIServiceCondition) bool) apiregistrationv1.APIServiceCondition {
	t.Helper()
	services := cp.Aggregator(t).ApiregistrationV1().APIServices()
	var found apiregistrationv1.APIServiceCondition
	Eventually(t, "condition of APIService "+name, Patience, func(ctx context.Context) error {
		service, err := services.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if len(service.Status.Conditions) != 1 {
			return errors.New("it has no condition, or several")
		}
		found = service.Status.Conditions[0]
		if found.Type != apiregistrationv1.Available || reason != "" && found.Reason != reason || wanted != nil && !wanted(found) {
			return fmt.Errorf("it is %+v", found)
		}
		return nil
	})
	return found
}
