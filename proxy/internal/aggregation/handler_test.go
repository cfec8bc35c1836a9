package aggregation

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/endpoints/request"
)

// TestHandlerAnswersForTheBackend is about what can't be brought about from outside, or not alone.
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
			layer.Handler(http.NotFoundHandler()).ServeHTTP(w, r)
			if w.Code != c.status || w.Body.String() != c.body {
				t.Errorf("%d %q, want %d %q", w.Code, w.Body, c.status, c.body)
			}
		})
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
