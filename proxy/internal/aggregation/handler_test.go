package aggregation

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/endpoints/request"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// TestHandlerAnswersForTheBackend tests the errors that a test from outside cannot cause, or not separately.
func TestHandlerAnswersForTheBackend(t *testing.T) {
	jane := &user.DefaultInfo{Name: "jane"}
	for name, c := range map[string]struct {
		backend backend
		user    user.Info
		status  int
		body    string
	}{
		"not available":                   {backend{}, jane, http.StatusServiceUnavailable, "service unavailable\n"},
		"no trust":                        {backend{available: true, trustErr: errors.New("bad authority")}, jane, http.StatusInternalServerError, "bad authority\n"},
		"nobody":                          {backend{available: true}, nil, http.StatusInternalServerError, "missing user\n"},
		"no endpoint":                     {backend{available: true}, jane, http.StatusServiceUnavailable, "service unavailable\n"},
		"not available goes before trust": {backend{trustErr: errors.New("bad authority")}, nil, http.StatusServiceUnavailable, "service unavailable\n"},
	} {
		t.Run(name, func(t *testing.T) {
			layer := newTestLayer(t)
			layer.routes.Store(&map[string]*backend{"example.com/v1": &c.backend})
			r := httptest.NewRequest(http.MethodGet, "/apis/example.com/v1/things", nil)
			if c.user != nil {
				r = r.WithContext(request.WithUser(r.Context(), c.user))
			}
			w := httptest.NewRecorder()
			layer.handler(http.NotFoundHandler(), nil).ServeHTTP(w, r)
			if w.Code != c.status || w.Body.String() != c.body {
				t.Errorf("%d %q, want %d %q", w.Code, w.Body, c.status, c.body)
			}
		})
	}
}

// TestUpgradeElsewhere requests an upgrade at an endpoint where no process listens, when another endpoint is up.
func TestUpgradeElsewhere(t *testing.T) {
	asked := make(chan string, 1)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Host
		proxytest.EchoUpgrade(w, r)
	}))
	defer server.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	layer, up, none := newTestLayer(t), server.Listener.Addr().String(), listener.Addr().String()
	b := &backend{name: "v1.example.com", metrics: layer.metrics.of("v1.example.com"), recheck: func() {}}
	for _, address := range []string{none, up} {
		e := newEndpoint(address, &tls.Config{InsecureSkipVerify: true})
		t.Cleanup(e.close)
		b.endpoints = append(b.endpoints, e)
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &exchange{in: r, user: &user.DefaultInfo{Name: "jane"}, backend: b, endpoint: b.endpoints[0]}
		x.upgrade(r.Context(), w)
	}))
	defer front.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, front.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"echo"}}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusSwitchingProtocols {
		body, _ := io.ReadAll(response.Body)
		t.Fatalf("an upgrade answers %s %s", response.Status, body)
	}
	tunnel, heard := response.Body.(io.ReadWriteCloser), make([]byte, 5)
	if _, err := io.WriteString(tunnel, "hello"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(tunnel, heard); err != nil || string(heard) != "hello" {
		t.Errorf("heard %q %v", heard, err)
	}
	if host := <-asked; host != up {
		t.Errorf("the request was for %s, want the endpoint that got it, %s", host, up)
	}
	if !b.endpoints[0].down.Load() || b.endpoints[1].down.Load() {
		t.Error("the endpoint where nobody listens is not down, or the other is")
	}
}

func TestPickSharesEvenly(t *testing.T) {
	up := []*endpoint{{address: "a"}, {address: "b"}, {address: "c"}}
	down := &endpoint{address: "down"}
	down.down.Store(true)
	b := &backend{endpoints: []*endpoint{up[0], down, up[1], up[2]}}
	const picks = 30000
	count := map[string]int{}
	for range picks {
		count[b.pick(nil).address]++
	}
	for _, e := range up {
		if n := count[e.address]; n < picks/3-picks/30 || n > picks/3+picks/30 {
			t.Errorf("%s was chosen %d times of %d", e.address, n, picks)
		}
	}
	if count["down"] > 0 {
		t.Error("the endpoint that is down was chosen")
	}
	alone := &backend{endpoints: []*endpoint{down}}
	if alone.pick(nil) != down {
		t.Error("with all endpoints down, none was chosen")
	}
	if alone.pick(down) != nil {
		t.Error("what was tried was chosen again")
	}
}

// TestOwnFindingCounts checks that the result of this process decides whether an APIService is served, not the result of another
// replica.
func TestOwnFindingCounts(t *testing.T) {
	l := newTestLayer(t)
	checks := &found{}
	l.availability = checks
	served := func() bool { return l.backendFor("/apis/example.com/v1/things").available }
	port := int32(443)
	for _, status := range []apiregistrationv1.ConditionStatus{"", apiregistrationv1.ConditionTrue, apiregistrationv1.ConditionFalse} {
		*checks = found{}
		apiService := &apiregistrationv1.APIService{
			ObjectMeta: metav1.ObjectMeta{Name: "v1.example.com"},
			Spec:       apiregistrationv1.APIServiceSpec{Group: "example.com", Version: "v1", Service: &apiregistrationv1.ServiceReference{Namespace: "a", Name: "b", Port: &port}},
			Status:     apiregistrationv1.APIServiceStatus{Conditions: []apiregistrationv1.APIServiceCondition{{Type: apiregistrationv1.Available, Status: status}}},
		}
		l.apiServiceChanged(apiService)
		if want := status == apiregistrationv1.ConditionTrue; served() != want {
			t.Errorf("before the first probe, with status %q: served %v", status, served())
		}
		for _, available := range []bool{true, false} {
			*checks = found{available, true}
			l.Refresh("v1.example.com")
			if served() != available {
				t.Errorf("found available: %v, with status %q: served %v", available, status, served())
			}
		}
	}
	l.Refresh("v1.unknown.example.com") // an unknown APIService may just have been deleted
}
