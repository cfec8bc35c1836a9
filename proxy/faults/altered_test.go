package faults_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// alteredIdentity uses identities that HTTP would alter, in certificates and with impersonation, in all kinds of requests.
func (s *suite) alteredIdentity(t *testing.T) {
	s.bothProtocols(t, func(t *testing.T, b *proxytest.Backend) {
		for name, c := range map[string]struct {
			user, group, want string
		}{
			"group_with_a_space_at_its_end": {"mallory", "system:masters ", `group "system:masters " begins or ends with white space`},
			"user_with_a_space_at_its_end":  {"mallory ", "others", `user name "mallory " begins or ends with white space`},
			"user_with_a_newline":           {"jane\n", "others", `user name "jane\n" has a control character`},
		} {
			t.Run(name, func(t *testing.T) {
				client, http1 := s.HTTPClient(t, c.user, masters, c.group), s.HTTPClient(t, c.user, masters, c.group)
				transport := http1.Transport.(*http.Transport)
				transport.ForceAttemptHTTP2, transport.Protocols = false, new(http.Protocols)
				transport.Protocols.SetHTTP1(true)
				s.refused(t, client, http.MethodGet, b.Path("things"), nil, c.want)
				s.refused(t, client, http.MethodHead, b.Path("things"), nil, "")
				s.refused(t, client, http.MethodPost, b.Path("things"), nil, c.want)
				s.refused(t, client, http.MethodDelete, b.Path("things/a"), nil, c.want)
				s.refused(t, client, http.MethodGet, b.Path("things")+"?watch=true", nil, c.want)
				s.refused(t, client, http.MethodGet, b.Path(), nil, c.want)
				s.refused(t, http1, http.MethodGet, b.Path("things"), nil, c.want)
				s.refused(t, http1, http.MethodPost, b.Path("things/a/exec"), http.Header{"Connection": {"Upgrade"}, "Upgrade": {"SPDY/3.1"}}, c.want)
				s.refused(t, http1, http.MethodGet, b.Path("things/a/exec"), http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}, c.want)
			})
		}
		// HTTP/2 passes on white space that HTTP/1.1 would remove from a client's header.
		for _, c := range []struct {
			header string
			values []string
			want   string
		}{
			{"Impersonate-User", []string{"jane "}, "user name"},
			{"Impersonate-Uid", []string{"7\t"}, "UID"},
			{"Impersonate-Group", []string{masters, " system:masters"}, "group"},
			{"Impersonate-Extra-Scopes", []string{"some", "all "}, "extra value"},
		} {
			header := http.Header{"Impersonate-User": {"jane"}, "Impersonate-Group": {masters}}
			header[c.header] = c.values
			s.refused(t, s.client, http.MethodGet, b.Path("things"), header, c.want)
			s.refused(t, s.client, http.MethodPost, b.Path("things"), header, c.want)
			s.refused(t, s.client, http.MethodGet, b.Path("things")+"?watch=true", header, c.want)
		}
		for _, path := range []string{"things", "things/a", "things/a/exec"} {
			if requests := b.Requests(path); len(requests) > 0 {
				t.Errorf("%s arrived for %q in %q", path, requests[0].Header["X-Remote-User"], requests[0].Header["X-Remote-Group"])
			}
		}
	})
}

// refused checks for 403 and a text in the response.
func (s *suite) refused(t *testing.T, client *http.Client, method, target string, header http.Header, text string) {
	t.Helper()
	a, err := s.Try(t.Context(), client, method, target, header, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a.Status != http.StatusForbidden || !strings.Contains(a.Body, text) {
		t.Errorf("%s %s %q answers %d %q, want 403 and %q", method, target, header, a.Status, a.Body, text)
	}
}

// alteredIdentityOfOpenAPI uses such an identity for OpenAPI v3 documents, which kube-aggregator forwards.
func (s *suite) alteredIdentityOfOpenAPI(t *testing.T) {
	for name, http1 := range map[string]bool{"HTTP1": true, "HTTP2": false} {
		t.Run(name, func(t *testing.T) {
			b := proxytest.StartBackend(t, s.ControlPlane, proxytest.BackendOptions{HTTP1: http1})
			own, other := "/openapi/v3"+b.Path(), "/openapi/v3/apis/other."+b.Options.Group+"/v1"
			index := `{"paths":{"` + strings.TrimPrefix(own, "/openapi/v3/") + `":{"serverRelativeURL":"` + own + `?hash=A"},"` +
				strings.TrimPrefix(other, "/openapi/v3/") + `":{"serverRelativeURL":"` + other + `?hash=B"}}}`
			b.Handle("/openapi/v3", proxytest.Respond(http.StatusOK, http.Header{"Content-Type": {"application/json"}}, index))
			for _, document := range []string{own, other} {
				b.Handle(document, proxytest.Respond(http.StatusOK, http.Header{"Content-Type": {"application/json"}}, `{"openapi":"3.0.0"}`))
			}
			b.Register(t, s.ControlPlane)
			proxytest.Eventually(t, "documents of "+b.Options.Group, proxytest.Patience, func(context.Context) error {
				if !s.get(t, s.client, "/openapi/v3").Contains(other + "?hash=B") {
					return errors.New("they are not listed")
				}
				return nil
			})
			mallory := s.HTTPClient(t, "mallory", masters, "system:masters ")
			s.refused(t, mallory, http.MethodGet, own, nil, `group "system:masters " begins or ends with white space`)
			s.get(t, mallory, other).Want(t, http.StatusInternalServerError, "missing user\n")
			s.get(t, mallory, "/openapi/v3/apis/apps/v1").WantStatus(t, http.StatusOK)
			upper := http.Header{"Impersonate-User": {"jane"}, "Impersonate-Group": {masters}, "Impersonate-Extra-%53copes": {"all"}}
			s.refused(t, s.client, http.MethodGet, own, upper, "an extra key has upper-case letters")
			if requests := append(b.Requests(own), b.Requests(other)...); len(requests) > 0 {
				t.Errorf("a document was asked for in the name of %q", requests[0].Header)
			}
			for _, document := range []string{own, other} {
				s.get(t, s.client, document).WantStatus(t, http.StatusOK)
			}
		})
	}
}
