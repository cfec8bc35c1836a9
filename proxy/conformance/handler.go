package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

const unavailable = "service unavailable\n"

// handler checks which requests reach the backend, and how others are answered.
func (s *suite) handler(t *testing.T) {
	run(t, "local_is_delegated", s.localIsDelegated)
	run(t, "custom_resources_are_local", s.customResourcesAreLocal)
	run(t, "a_remote_APIService_goes_before_custom_resources", s.remoteGoesFirst)
	run(t, "unavailable_is_503", s.unavailableIs503)
	run(t, "not_yet_probed_is_503", s.notYetProbedIs503)
	run(t, "without_service_is_503", s.withoutServiceIs503)
	run(t, "dial_error_is_503", s.dialErrorIs503)
	run(t, "unusable_caBundle_is_500", s.unusableCABundleIs500)
	b := s.backend(t, proxytest.BackendOptions{})
	run(t, "methods_and_bodies_pass", func(t *testing.T) { s.methodsAndBodiesPass(t, b) })
	run(t, "paths_and_queries_pass", func(t *testing.T) { s.pathsAndQueriesPass(t, b) })
	run(t, "unauthenticated_is_401", func(t *testing.T) {
		a := s.send(t, s.HTTPClient(t, ""), http.MethodGet, b.Path("secured"), http.Header{"Authorization": {"Bearer forged"}}, "")
		a.Want(t, http.StatusUnauthorized, `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}`+"\n")
		if n := len(b.Requests("secured")); n > 0 {
			t.Errorf("%d requests reached the backend", n)
		}
	})
	run(t, "unauthorized_is_403", func(t *testing.T) {
		for user, client := range map[string]*http.Client{"system:anonymous": s.HTTPClient(t, ""), "jane": s.HTTPClient(t, "jane")} {
			a := s.send(t, client, http.MethodGet, b.Path("namespaces/a/private"), nil, "")
			a.Want(t, http.StatusForbidden, fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",`+
				`"message":"private.%[1]s is forbidden: User \"%[2]s\" cannot list resource \"private\" in API group \"%[1]s\" in the namespace \"a\"",`+
				`"reason":"Forbidden","details":{"group":"%[1]s","kind":"private"},"code":403}`+"\n", b.Options.Group, user))
		}
		if n := len(b.Requests("namespaces/a/private")); n > 0 {
			t.Errorf("%d requests reached the backend", n)
		}
	})
}

func (s *suite) localIsDelegated(t *testing.T) {
	group := s.Namespace(t) + ".example.com"
	s.CreateAPIService(t, &apiregistrationv1.APIService{
		ObjectMeta: metav1.ObjectMeta{Name: "v1." + group},
		Spec:       apiregistrationv1.APIServiceSpec{Group: group, Version: "v1", GroupPriorityMinimum: 1, VersionPriority: 1},
	})
	// No server behind the aggregation layer serves the group. The built-in groups are local, too.
	wantPlain(t, s.get(t, "/apis/"+group+"/v1/things"), http.StatusNotFound, "404 page not found\n")
	if a := s.get(t, "/apis/apps/v1"); a.Status != http.StatusOK || !a.Contains(`"groupVersion":"apps/v1"`) {
		t.Errorf("apps/v1 answers %d %q", a.Status, a.Body)
	}
	proxytest.Eventually(t, "local group among the others", proxytest.Patience, func(context.Context) error {
		if !s.get(t, "/apis").Contains(group) {
			return errors.New("not there")
		}
		return nil
	})
}

// failedDiscovery registers a backend with a failing discovery, and waits for the condition.
func (s *suite) failedDiscovery(t *testing.T, discovery http.HandlerFunc) (*proxytest.Backend, apiregistrationv1.APIServiceCondition) {
	t.Helper()
	b := proxytest.StartBackend(t, s.ControlPlane, proxytest.BackendOptions{})
	b.Handle(b.Path(), discovery)
	b.CreateService(t, s.ControlPlane, externalName)
	b.CreateAPIServices(t, s.ControlPlane)
	return b, s.WaitCondition(t, "v1."+b.Options.Group, "FailedDiscoveryCheck", nil)
}

var externalName = corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "localhost"}

func (s *suite) unavailableIs503(t *testing.T) {
	b, _ := s.failedDiscovery(t, proxytest.Respond(http.StatusInternalServerError, nil, ""))
	s.awaitUnavailable(t, b.Path("things"))
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		a := s.send(t, s.client, method, b.Path("things"), nil, "")
		wantPlain(t, a, http.StatusServiceUnavailable, unavailable)
		if len(a.Header.Values("Audit-Id")) != 1 {
			t.Errorf("Audit-Id is %q", a.Header.Values("Audit-Id"))
		}
	}
	wantPlain(t, s.get(t, b.Path()), http.StatusServiceUnavailable, unavailable)
	a := s.raw(t, "GET "+b.Path("things")+" HTTP/1.1", "Connection: Upgrade", "Upgrade: echo")
	wantPlain(t, a, http.StatusServiceUnavailable, unavailable)
	if n := len(b.Requests("things")); n > 0 {
		t.Errorf("%d requests reached the unavailable backend", n)
	}
}

func (s *suite) notYetProbedIs503(t *testing.T) {
	b := proxytest.StartBackend(t, s.ControlPlane, proxytest.BackendOptions{})
	b.Handle(b.Path(), proxytest.Hang)
	b.CreateService(t, s.ControlPlane, externalName)
	b.CreateAPIServices(t, s.ControlPlane)
	s.awaitUnavailable(t, b.Path("things"))
	if n := len(b.Requests("things")); n > 0 {
		t.Errorf("%d requests reached the backend before it was known to answer", n)
	}
}

func (s *suite) withoutServiceIs503(t *testing.T) {
	b := s.backend(t, proxytest.BackendOptions{})
	if err := s.Client(t).CoreV1().Services(b.Options.Namespace).Delete(t.Context(), b.Options.Service, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	// The client gets the same response whether the Service is missing or known to be unavailable.
	s.awaitUnavailable(t, b.Path("things"))
	s.WaitCondition(t, "v1."+b.Options.Group, "ServiceNotFound", nil)
	s.awaitUnavailable(t, b.Path("things"))
}

func (s *suite) dialErrorIs503(t *testing.T) {
	b := s.backend(t, proxytest.BackendOptions{})
	s.get(t, b.Path("things")).Echo(t) // a connection is open
	refused := fmt.Sprintf("dial tcp 127.0.0.1:%d: connect: connection refused\n", b.Options.Port)
	for prefix, ask := range map[string]func() proxytest.Answer{
		"error trying to reach service: ": func() proxytest.Answer { return s.get(t, b.Path("things")) },
		"error dialing backend: ": func() proxytest.Answer {
			return s.raw(t, "GET "+b.Path("things")+" HTTP/1.1", "Connection: Upgrade", "Upgrade: echo")
		},
	} {
		// If a probe comes between the end of the backend and the request, the request is not sent.
		proxytest.Eventually(t, prefix, proxytest.Patience, func(context.Context) error {
			b.Stop()
			a := ask()
			b.Start(t)
			if a.Status != http.StatusServiceUnavailable || a.Body != prefix+refused {
				b.WaitServed(t, s.ControlPlane)
				return fmt.Errorf("%d %q", a.Status, a.Body)
			}
			wantPlain(t, a, http.StatusServiceUnavailable, prefix+refused)
			return nil
		})
		b.WaitServed(t, s.ControlPlane)
	}
}

func (s *suite) unusableCABundleIs500(t *testing.T) {
	b := s.backend(t, proxytest.BackendOptions{})
	s.UpdateAPIService(t, "v1."+b.Options.Group, func(spec *apiregistrationv1.APIServiceSpec) { spec.CABundle = []byte("not a certificate") })
	proxytest.Eventually(t, "500", proxytest.Patience, func(context.Context) error {
		if a := s.get(t, b.Path("things")); a.Status != http.StatusInternalServerError {
			return fmt.Errorf("%d %q", a.Status, a.Body)
		}
		return nil
	})
	wantPlain(t, s.get(t, b.Path("things")), http.StatusInternalServerError, "unable to load root certificates: unable to parse bytes as PEM block\n")
}

func (s *suite) methodsAndBodiesPass(t *testing.T, b *proxytest.Backend) {
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions} {
		body := strings.Repeat(method+" ", 1000)
		seen := s.send(t, s.client, method, b.Path("things/a"), nil, body).Echo(t)
		if seen.Method != method || seen.Body != body {
			t.Errorf("%s became %s with %d bytes, want %d", method, seen.Method, seen.Length, len(body))
		}
	}
	if a := s.send(t, s.client, http.MethodHead, b.Path("things/a"), nil, ""); a.Status != http.StatusOK || a.Body != "" || a.Header.Get("Content-Length") == "" {
		t.Errorf("HEAD answers %+v", a)
	}
	const large = 8 << 20
	if seen := s.send(t, s.client, http.MethodPost, b.Path("things"), nil, strings.Repeat("x", large)).Echo(t); seen.Length != large {
		t.Errorf("%d bytes became %d", large, seen.Length)
	}
	s.bodiesStream(t, b)
}

// bodiesStream checks that the backend reads the first part of a body before the client sends the rest.
func (s *suite) bodiesStream(t *testing.T, b *proxytest.Backend) {
	arrived := make(chan string, 1)
	b.Handle("streamed", func(w http.ResponseWriter, r *http.Request) {
		first := make([]byte, 5)
		_, _ = io.ReadFull(r.Body, first)
		arrived <- string(first)
		rest, _ := io.ReadAll(r.Body)
		_, _ = w.Write(append(first, rest...))
	})
	reader, writer := io.Pipe()
	go func() {
		_, _ = io.WriteString(writer, "first")
		if <-arrived == "first" {
			_, _ = io.WriteString(writer, ", second")
		}
		writer.Close()
	}()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+b.Path("streamed"), reader)
	if err != nil {
		t.Fatal(err)
	}
	response, err := s.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	a, err := proxytest.ReadAnswer(response)
	if err != nil {
		t.Fatal(err)
	}
	a.Want(t, http.StatusOK, "first, second")
}

// pathsAndQueriesPass sends unusual paths and queries, and checks what the backend receives.
func (s *suite) pathsAndQueriesPass(t *testing.T, b *proxytest.Backend) {
	for _, test := range []struct{ name, sent, want string }{
		{"plain", "/things", "/things"},
		{"trailing slash", "/things/", "/things/"},
		{"escaped letters", "/things/%61%20b", "/things/a%20b"},
		{"escaped slash", "/things/a%2Fb", "/things/a/b"},
		{"escaped percent", "/things/a%25b", "/things/a%25b"},
		{"not ASCII", "/things/%C3%A4", "/things/%C3%A4"},
		{"sub-delimiters", "/things/a:b@c!$&'()*+,;=", "/things/a:b@c%21$&%27%28%29%2A+,;="},
		{"sorted query", "/things?b=2&a=1&a=0", "/things?a=1&a=0&b=2"},
		{"escaped query", "/things?a=%20x+y%26", "/things?a=+x+y%26"},
		{"query without value", "/things?watch", "/things?watch="},
		{"semicolon in query", "/things?a=1;b=2&c=3", "/things?c=3"},
		{"broken escape in query", "/things?a=%zz&c=3", "/things?c=3"},
		{"empty query", "/things?", "/things"},
		{"no query but a slash", "/", "/"},
	} {
		t.Run(test.name, func(t *testing.T) {
			seen := s.raw(t, "GET "+b.Path()+test.sent+" HTTP/1.1").Echo(t)
			if got := strings.TrimPrefix(seen.Target, b.Path()); got != test.want {
				t.Errorf("%s became %s, want %s", test.sent, got, test.want)
			}
		})
	}
}
