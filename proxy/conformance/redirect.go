package conformance

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// redirect checks that a backend cannot redirect a client.
func (s *suite) redirect(t *testing.T) {
	b := s.backend(t, proxytest.BackendOptions{})
	for _, status := range []int{300, 301, 302, 303, 304, 305, 307, 308, 399} {
		run(t, fmt.Sprintf("%d_with_Location_is_502", status), func(t *testing.T) {
			for i, location := range []string{"https://elsewhere.example.com/", b.URL() + b.Path("target"), b.Path("target"), "target"} {
				path := fmt.Sprintf("redirect/%d/%d", status, i)
				b.Handle(path, proxytest.Respond(status, http.Header{"Location": {location}, "X-Custom": {"a"}, "Set-Cookie": {"c=d"}}, "go there"))
				a := s.get(t, b.Path(path))
				a.Want(t, http.StatusBadGateway, "the backend attempted to redirect this request, which is not permitted")
				for _, name := range []string{"Location", "X-Custom", "Set-Cookie"} {
					a.WantHeader(t, name)
				}
			}
			if n := len(b.Requests("target")); n > 0 {
				t.Errorf("the redirection was followed %d times", n)
			}
		})
		if status == http.StatusNotModified {
			continue // it has no body, see Response
		}
		run(t, fmt.Sprintf("%d_without_Location_passes", status), func(t *testing.T) {
			path := fmt.Sprintf("nowhere/%d", status)
			b.Handle(path, proxytest.Respond(status, http.Header{"X-Custom": {"a"}}, "choose"))
			a := s.get(t, b.Path(path))
			a.Want(t, status, "choose")
			a.WantHeader(t, "X-Custom", "a")
		})
	}
	run(t, "201_with_Location_passes_as_the_backend's", func(t *testing.T) {
		b.Handle("created", proxytest.Respond(http.StatusCreated, http.Header{"Location": {b.Path("created/a")}}, "made"))
		a := s.send(t, s.client, http.MethodPost, b.Path("created"), nil, "")
		a.Want(t, http.StatusCreated, "made")
		a.WantHeader(t, "Location", "https://"+forwardedHost(b)+b.Path("created/a"))
	})
}
