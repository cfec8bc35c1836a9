package conformance

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// extraKey is the header of the extra field that each user with a certificate has, escaped, and in the capitalization of HTTP/1.1.
const extraKey = "X-Remote-Extra-Authentication.kubernetes.io%2fcredential-Id"

// headers checks which of a request's headers reach the backend.
func (s *suite) headers(t *testing.T) {
	http1 := s.backend(t, proxytest.BackendOptions{HTTP1: true})
	http2 := s.backend(t, proxytest.BackendOptions{})
	for protocol, b := range map[string]*proxytest.Backend{"HTTP1": http1, "HTTP2": http2} {
		run(t, "exactly_these_reach_the_backend_over_"+protocol, func(t *testing.T) { s.exactHeaders(t, b) })
		run(t, "forged_identity_is_dropped_over_"+protocol, func(t *testing.T) { s.forgedIdentity(t, b) })
		run(t, "hop_by_hop_are_dropped_over_"+protocol, func(t *testing.T) { s.hopByHop(t, b) })
	}
	run(t, "forwarded_for_is_continued", func(t *testing.T) {
		seen := s.raw(t, "GET "+http2.Path("things")+" HTTP/1.1", "X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 192.0.2.2",
			"X-Forwarded-Host: elsewhere", "X-Forwarded-Proto: gopher", "X-Forwarded-Uri: /elsewhere").Echo(t)
		proxytest.WantHeader(t, seen.Header, "X-Forwarded-For", "192.0.2.1, 192.0.2.2, 127.0.0.1")
		proxytest.WantHeader(t, seen.Header, "X-Forwarded-Host", forwardedHost(http2))
		proxytest.WantHeader(t, seen.Header, "X-Forwarded-Proto", "https")
		proxytest.WantHeader(t, seen.Header, "X-Forwarded-Uri", http2.Path("things"))
	})
	run(t, "audit_ID_is_propagated", func(t *testing.T) {
		a := s.get(t, http2.Path("things"))
		proxytest.WantHeader(t, a.Echo(t).Header, "Audit-Id", a.Header.Get("Audit-Id"))
		if len(a.Header.Get("Audit-Id")) != len("00000000-0000-0000-0000-000000000000") {
			t.Errorf("Audit-Id is %q", a.Header.Get("Audit-Id"))
		}
		a = s.raw(t, "GET "+http2.Path("things")+" HTTP/1.1", "Audit-ID: chosen")
		a.WantHeader(t, "Audit-Id", "chosen")
		proxytest.WantHeader(t, a.Echo(t).Header, "Audit-Id", "chosen")
	})
	run(t, "bearer_token_is_stripped", func(t *testing.T) { s.bearerToken(t, http2) })
	run(t, "impersonation_is_handed_on", func(t *testing.T) { s.impersonation(t, http2) })
	run(t, "authenticated_user_beats_the_token", func(t *testing.T) {
		seen := s.raw(t, "GET "+http2.Path("things")+" HTTP/1.1", "Authorization: Bearer forged").Echo(t)
		proxytest.WantHeader(t, seen.Header, "Authorization")
		proxytest.WantHeader(t, seen.Header, "X-Remote-User", userName)
	})
}

// forwardedHost returns the host in the header that the backend receives: the Service's.
func forwardedHost(b *proxytest.Backend) string {
	return net.JoinHostPort("localhost", strconv.Itoa(b.Options.Port))
}

func (s *suite) exactHeaders(t *testing.T, b *proxytest.Backend) {
	config := s.TLSConfig(t, "jane", masters, "system:testers")
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true, DisableCompression: true}}
	defer client.CloseIdleConnections()
	a := s.send(t, client, http.MethodPost, b.Path("namespaces/n/things")+"?q=1", http.Header{
		"User-Agent": {"conformance"}, "Accept": {"application/json", "text/plain"}, "Content-Type": {"text/x-test"},
		"X-Custom": {"a", "b"}, "Cookie": {"c=d"}, "Traceparent": {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}, "If-Match": {`"1"`},
		"Origin": {"https://elsewhere.example.com"}, "Forwarded": {"for=192.0.2.9"}, "X-Real-Ip": {"192.0.2.9"},
	}, "body")
	seen := a.Echo(t)
	fingerprint := sha256.Sum256(config.Certificates[0].Certificate[0])
	want := http.Header{
		"User-Agent": {"conformance"}, "Accept": {"application/json", "text/plain"}, "Content-Type": {"text/x-test"}, "Content-Length": {"4"},
		"X-Custom": {"a", "b"}, "Cookie": {"c=d"}, "Traceparent": {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}, "If-Match": {`"1"`},
		"Origin": {"https://elsewhere.example.com"}, "Forwarded": {"for=192.0.2.9"}, "X-Real-Ip": {"192.0.2.9"},
		"Audit-Id":          {a.Header.Get("Audit-Id")},
		"X-Forwarded-For":   {"127.0.0.1"},
		"X-Forwarded-Host":  {forwardedHost(b)},
		"X-Forwarded-Proto": {"https"},
		"X-Forwarded-Uri":   {b.Path("namespaces/n/things")},
		"X-Remote-User":     {"jane"},
		"X-Remote-Group":    {masters, "system:testers", "system:authenticated"},
		extraKey:            {"X509SHA256=" + hex.EncodeToString(fingerprint[:])},
	}
	// The client and the backend negotiate compression. The client must get the encoding that it requested.
	seen.Header.Del("Accept-Encoding")
	if diff := cmp.Diff(want, seen.Header); diff != "" {
		t.Errorf("headers at the backend (-want +got):\n%s", diff)
	}
	if seen.Host != forwardedHost(b) {
		t.Errorf("the backend was asked as %s, want %s", seen.Host, forwardedHost(b))
	}
	if seen.Peer != "front-proxy-client" {
		t.Errorf("the connection is %q's, want front-proxy-client's", seen.Peer)
	}
}

// forgeries are headers in which a client may try to forge an identity. All of them must be dropped.
var forgeries = []string{
	"X-Remote-User: system:admin", "x-remote-user: system:admin", "X-REMOTE-USER: system:admin", "X-rEmOtE-uSeR: system:admin",
	"X-Remote-Uid: forged", "x-remote-uid: forged", "X-REMOTE-UID: forged",
	"X-Remote-Group: system:masters", "x-remote-group: system:nodes", "X-REMOTE-GROUP: forged",
	"X-Remote-Extra-Scopes: forged", "x-remote-extra-scopes: forged", "X-REMOTE-EXTRA-SCOPES: forged", "X-Remote-Extra-: forged",
	"X-Remote-Extra-Example.org%2fkey: forged", "X-Remote-Extra-%53copes: forged", "x-remote-extra-a_b: forged",
	extraKey + ": forged",
}

func (s *suite) forgedIdentity(t *testing.T, b *proxytest.Backend) {
	check := func(t *testing.T, sent string, seen proxytest.Echo) {
		t.Helper()
		proxytest.WantHeader(t, seen.Header, "X-Remote-User", userName)
		proxytest.WantHeader(t, seen.Header, "X-Remote-Group", masters, "system:authenticated")
		for name, values := range seen.Header {
			if strings.HasPrefix(strings.ToLower(name), "x-remote-extra-") && name != extraKey || name == "X-Remote-Uid" || slices.Contains(values, "forged") {
				t.Errorf("%s came through as %s: %q", sent, name, values)
			}
		}
	}
	get := "GET " + b.Path("things") + " HTTP/1.1"
	for _, forgery := range forgeries {
		check(t, forgery, s.raw(t, get, forgery).Echo(t))
		check(t, "twice "+forgery, s.raw(t, get, forgery, forgery).Echo(t))
		// HTTP/2 sends names in lower case.
		name, value, _ := strings.Cut(forgery, ": ")
		check(t, "HTTP/2 "+forgery, s.send(t, s.client, http.MethodGet, b.Path("things"), http.Header{name: {value}}, "").Echo(t))
	}
	check(t, "all", s.raw(t, append([]string{get}, forgeries...)...).Echo(t))
	// A client that declares the identity hop-by-hop must not remove it.
	check(t, "Connection", s.raw(t, get, "Connection: X-Remote-User, X-Remote-Group, "+extraKey).Echo(t))

	// For Go and kube-apiserver, an underscore makes a different name. Servers that treat it as a hyphen are not suitable as
	// extension-apiservers.
	seen := s.raw(t, get, "X_Remote_User: other", "X-Remote_Group: other", "X-Remote-Users: other").Echo(t)
	check(t, "underscores", seen)
	for _, name := range []string{"X_remote_user", "X-Remote_group", "X-Remote-Users"} {
		proxytest.WantHeader(t, seen.Header, name, "other")
	}
	for _, malformed := range []string{"X-Remote-User : forged", "X-Remote-User\x00: forged", "X Remote User: forged", "X-Remote-User: a\x00b"} {
		if a := s.raw(t, get, malformed); a.Status != http.StatusBadRequest {
			t.Errorf("%q answers %d %q, want %d", malformed, a.Status, a.Body, http.StatusBadRequest)
		}
	}
}

func (s *suite) hopByHop(t *testing.T, b *proxytest.Backend) {
	seen := s.raw(t, "GET "+b.Path("things")+" HTTP/1.1", "Connection: keep-alive, X-Hop", "X-Hop: 1", "Keep-Alive: timeout=5", "TE: gzip",
		"Proxy-Connection: keep-alive", "Proxy-Authenticate: Basic", "Proxy-Authorization: Basic Zm9v", "Trailer: X-Later", "Upgrade: echo", "X-End: 1").Echo(t)
	for _, name := range []string{"Connection", "X-Hop", "Keep-Alive", "Te", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "Trailer", "Upgrade"} {
		proxytest.WantHeader(t, seen.Header, name)
	}
	proxytest.WantHeader(t, seen.Header, "X-End", "1")
}

func (s *suite) bearerToken(t *testing.T, b *proxytest.Backend) {
	client, namespace := s.Client(t), s.Namespace(t)
	account, err := client.CoreV1().ServiceAccounts(namespace).Create(t.Context(),
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "robot"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: namespace},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: account.Name}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	token, err := client.CoreV1().ServiceAccounts(namespace).CreateToken(t.Context(), account.Name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{"Authorization": {"Bearer " + token.Status.Token}}
	anonymous := s.HTTPClient(t, "")
	var a proxytest.Answer
	proxytest.Eventually(t, "role of the robot", proxytest.Patience, func(context.Context) error {
		if a = s.send(t, anonymous, http.MethodGet, b.Path("things"), header, ""); a.Status != http.StatusOK {
			return fmt.Errorf("%d %s", a.Status, a.Body)
		}
		return nil
	})
	seen := a.Echo(t).Header
	proxytest.WantHeader(t, seen, "Authorization")
	proxytest.WantHeader(t, seen, "X-Remote-User", "system:serviceaccount:"+namespace+":robot")
	proxytest.WantHeader(t, seen, "X-Remote-Uid", string(account.UID))
	proxytest.WantHeader(t, seen, "X-Remote-Group", "system:serviceaccounts", "system:serviceaccounts:"+namespace, "system:authenticated")
	if id := seen.Get(extraKey); !strings.HasPrefix(id, "JTI=") {
		t.Errorf("%s is %q, want the token's ID", extraKey, id)
	}
}

func (s *suite) impersonation(t *testing.T, b *proxytest.Backend) {
	// Only the impersonator needs permissions. The resulting user may be an administrator.
	a := s.send(t, s.client, http.MethodGet, b.Path("things"), http.Header{
		"Impersonate-User":                        {"jane"},
		"Impersonate-Uid":                         {"42"},
		"Impersonate-Group":                       {masters, "testers"},
		"Impersonate-Extra-Example.org%2fproject": {"one", "two"},
		"Impersonate-Extra-A%25b%20c":             {"x"},
		"Impersonate-Extra-Scopes":                {"s"},
	}, "")
	seen := a.Echo(t).Header
	got := http.Header{}
	for name, values := range seen {
		if strings.HasPrefix(name, "X-Remote-") || strings.HasPrefix(name, "Impersonate-") {
			got[name] = values
		}
	}
	if diff := cmp.Diff(http.Header{
		"X-Remote-User":                        {"jane"},
		"X-Remote-Uid":                         {"42"},
		"X-Remote-Group":                       {masters, "testers", "system:authenticated"},
		"X-Remote-Extra-Example.org%2fproject": {"one", "two"},
		"X-Remote-Extra-A%25b%20c":             {"x"},
		"X-Remote-Extra-Scopes":                {"s"},
	}, got); diff != "" {
		t.Errorf("identity at the backend (-want +got):\n%s", diff)
	}
}
