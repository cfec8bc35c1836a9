package conformance

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// noticed returns the time until the aggregation layer detects that a backend has stopped or started. kube-apiserver checks every
// 30 s, and after failures not more often.
func (s *suite) noticed() time.Duration {
	if s.Name == proxytest.KubeAPIServer {
		return 45 * time.Second
	}
	return 10 * time.Second
}

// availability checks each condition of an APIService, with its message, and the transitions between them.
func (s *suite) availability(t *testing.T) {
	run(t, "Local", func(t *testing.T) {
		group := s.Namespace(t) + ".example.com"
		s.CreateAPIService(t, &apiregistrationv1.APIService{
			ObjectMeta: metav1.ObjectMeta{Name: "v1." + group},
			Spec:       apiregistrationv1.APIServiceSpec{Group: group, Version: "v1", GroupPriorityMinimum: 1, VersionPriority: 1},
		})
		for _, name := range []string{"v1." + group, "v1.", "v1.apps"} {
			s.wantCondition(t, name, "True", "Local", "Local APIServices are always available")
		}
	})
	run(t, "ServiceNotFound_and_the_way_to_Passed", s.serviceComes)
	run(t, "Endpoints_and_ports", s.endpoints)
	run(t, "FailedDiscoveryCheck_status", func(t *testing.T) {
		b, _ := s.failedDiscovery(t, proxytest.Respond(http.StatusTeapot, nil, ""))
		url := probeURL(b)
		s.wantCondition(t, "v1."+b.Options.Group, "False", "FailedDiscoveryCheck", "failing or missing response from "+url+": bad status from "+url+": 418")
	})
	run(t, "FailedDiscoveryCheck_refused", func(t *testing.T) {
		b := proxytest.StartBackend(t, s.ControlPlane, proxytest.BackendOptions{})
		b.Stop()
		b.CreateService(t, s.ControlPlane, externalName)
		b.CreateAPIServices(t, s.ControlPlane)
		url := probeURL(b)
		s.wantCondition(t, "v1."+b.Options.Group, "False", "FailedDiscoveryCheck", fmt.Sprintf(
			`failing or missing response from %[1]s: Get "%[1]s": dial tcp 127.0.0.1:%[2]d: connect: connection refused`, url, b.Options.Port))
	})
	run(t, "a_lost_backend_becomes_unavailable_and_comes_back", s.lostBackend)
	run(t, "metrics_count_the_unavailable", s.unavailabilityMetrics)
}

// probeURL returns the URL that the aggregation layer probes.
func probeURL(b *proxytest.Backend) string { return "https://" + forwardedHost(b) + b.Path() }

// wantCondition waits for the reason, and checks the status and the message.
func (s *suite) wantCondition(t *testing.T, name, status, reason, message string) apiregistrationv1.APIServiceCondition {
	t.Helper()
	c := s.WaitCondition(t, name, reason, nil)
	if string(c.Status) != status || c.Message != message {
		t.Errorf("%s is %s: %q, want %s: %q", reason, c.Status, c.Message, status, message)
	}
	if c.LastTransitionTime.IsZero() || time.Since(c.LastTransitionTime.Time) > time.Hour {
		t.Errorf("lastTransitionTime is %s", c.LastTransitionTime)
	}
	return c
}

// serviceComes registers a backend, and creates, deletes and creates its Service.
func (s *suite) serviceComes(t *testing.T) {
	b := proxytest.StartBackend(t, s.ControlPlane, proxytest.BackendOptions{})
	name := "v1." + b.Options.Group
	services := s.Client(t).CoreV1().Services(b.Options.Namespace)
	missing := fmt.Sprintf("service/backend in %q is not present", b.Options.Namespace)
	b.CreateAPIServices(t, s.ControlPlane)
	s.wantCondition(t, name, "False", "ServiceNotFound", missing)
	for range 2 {
		b.CreateService(t, s.ControlPlane, externalName)
		s.wantCondition(t, name, "True", "Passed", "all checks passed")
		b.WaitServed(t, s.ControlPlane)
		if err := services.Delete(t.Context(), "backend", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		s.wantCondition(t, name, "False", "ServiceNotFound", missing)
	}
}

// endpoints registers a backend with a cluster IP whose Service or EndpointSlices are incomplete. The backend gets no requests,
// because nothing routes to it.
func (s *suite) endpoints(t *testing.T) {
	b := proxytest.StartBackend(t, s.ControlPlane, proxytest.BackendOptions{})
	client, namespace, name := s.Client(t), b.Options.Namespace, "v1."+b.Options.Group
	b.CreateService(t, s.ControlPlane, corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "https", Port: 443}}})
	b.CreateAPIServices(t, s.ControlPlane)
	first := s.wantCondition(t, name, "False", "ServicePortError", fmt.Sprintf("service/backend in %q is not listening on port %d", namespace, b.Options.Port))

	port := int32(443)
	s.UpdateAPIService(t, name, func(spec *apiregistrationv1.APIServiceSpec) { spec.Service.Port = &port })
	s.wantCondition(t, name, "False", "EndpointsNotFound", fmt.Sprintf("cannot find endpointslices for service/backend in %q", namespace))
	proxytest.Eventually(t, "another transition time", proxytest.Patience, func(context.Context) error {
		if time.Since(first.LastTransitionTime.Time) < 2*time.Second {
			return errors.New("they are in whole seconds")
		}
		return nil
	})
	missing := fmt.Sprintf("endpointslices for service/backend in %q have no addresses with port name %q", namespace, "https")
	b.CreateEndpointSlice(t, s.ControlPlane, "other", "192.0.2.1")
	c := s.wantCondition(t, name, "False", "MissingEndpoints", missing)
	if !c.LastTransitionTime.Equal(&first.LastTransitionTime) {
		t.Errorf("the status was False since %s, and is since %s", first.LastTransitionTime, c.LastTransitionTime)
	}
	slices := client.DiscoveryV1().EndpointSlices(namespace)
	if err := slices.DeleteCollection(t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil {
		t.Fatal(err)
	}
	s.wantCondition(t, name, "False", "EndpointsNotFound", fmt.Sprintf("cannot find endpointslices for service/backend in %q", namespace))
	portName, no := "https", false
	if _, err := slices.Create(t.Context(), &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Name: "unready", Labels: map[string]string{discoveryv1.LabelServiceName: "backend"}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: &portName, Port: &port}},
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{"192.0.2.1"}, Conditions: discoveryv1.EndpointConditions{Ready: &no}}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	s.wantCondition(t, name, "False", "MissingEndpoints", missing)
	s.awaitUnavailable(t, b.Path("things"))
}

func (s *suite) lostBackend(t *testing.T) {
	b := s.backend(t, proxytest.BackendOptions{})
	name := "v1." + b.Options.Group
	b.Stop()
	deadline := time.Now().Add(s.noticed())
	s.WaitCondition(t, name, "FailedDiscoveryCheck", nil)
	if late := time.Since(deadline); late > 0 {
		t.Errorf("the end of the backend was noticed %s too late", late)
	}
	s.awaitUnavailable(t, b.Path("things"))
	b.Start(t)
	deadline = time.Now().Add(s.noticed())
	s.wantCondition(t, name, "True", "Passed", "all checks passed")
	if late := time.Since(deadline); late > 0 {
		t.Errorf("the return of the backend was noticed %s too late", late)
	}
	b.WaitServed(t, s.ControlPlane)
	s.get(t, b.Path("things")).Echo(t)
}

func (s *suite) unavailabilityMetrics(t *testing.T) {
	b := s.backend(t, proxytest.BackendOptions{})
	name := "v1." + b.Options.Group
	wantMetric := func(pattern string) {
		t.Helper()
		line := regexp.MustCompile(`(?m)^` + pattern + `$`)
		proxytest.Eventually(t, pattern, proxytest.Patience, func(context.Context) error {
			metrics := s.get(t, "/metrics").Body
			if line.MatchString(metrics) {
				return nil
			}
			var said []string
			for text := range strings.Lines(metrics) {
				if strings.Contains(text, name) {
					said = append(said, text)
				}
			}
			return fmt.Errorf("not among %q", said)
		})
	}
	gauge, counter := `aggregator_unavailable_apiservice\{name="`+name+`"\} `, `aggregator_unavailable_apiservice_total\{name="`+name+`",reason="FailedDiscoveryCheck"\} `
	wantMetric(gauge + "0")
	b.Handle(b.Path(), proxytest.Respond(http.StatusInternalServerError, nil, ""))
	// A change starts another check.
	s.UpdateAPIService(t, name, func(spec *apiregistrationv1.APIServiceSpec) { spec.VersionPriority++ })
	s.WaitCondition(t, name, "FailedDiscoveryCheck", nil)
	wantMetric(gauge + "1")
	wantMetric(counter + "1")
	b.Handle(b.Path(), nil)
	s.WaitCondition(t, name, "Passed", nil)
	wantMetric(gauge + "0")
}
