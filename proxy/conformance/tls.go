package conformance

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

const unknownAuthority = "x509: certificate signed by unknown authority"

// tls checks which certificates the aggregation layer trusts, and its client certificate.
func (s *suite) tls(t *testing.T) {
	for _, test := range []struct {
		name string
		// certificate is the backend's certificate. The default is one of its CA for its name.
		certificate func(*testing.T, *proxytest.Backend) tls.Certificate
		spec        func(*apiregistrationv1.APIServiceSpec)
		// want is the end of the error.
		want string
	}{
		{name: "caBundle_is_trusted"},
		{
			name: "other_caBundle_is_not",
			spec: func(spec *apiregistrationv1.APIServiceSpec) {
				spec.CABundle = proxytest.NewAuthority(t, "other").PEM
			},
			want: unknownAuthority,
		},
		{
			name: "one_of_several_in_caBundle_is_enough",
			spec: func(spec *apiregistrationv1.APIServiceSpec) {
				spec.CABundle = append(proxytest.NewAuthority(t, "other").PEM, spec.CABundle...)
			},
		},
		{
			name: "system_roots_when_there_is_none",
			certificate: func(t *testing.T, b *proxytest.Backend) tls.Certificate {
				return s.SystemRoots.Serving(t, b.ServerName())
			},
			spec: withoutCABundle,
		},
		{
			name: "system_roots_are_not_added_to_caBundle",
			certificate: func(t *testing.T, b *proxytest.Backend) tls.Certificate {
				return s.SystemRoots.Serving(t, b.ServerName())
			},
			want: unknownAuthority,
		},
		{name: "nobody_else_when_there_is_none", spec: withoutCABundle, want: unknownAuthority},
		{
			name:        "insecureSkipTLSVerify_trusts_anybody",
			certificate: func(t *testing.T, _ *proxytest.Backend) tls.Certificate { return expired(t, "elsewhere.example.com") },
			spec: func(spec *apiregistrationv1.APIServiceSpec) {
				spec.CABundle, spec.InsecureSkipTLSVerify = nil, true
			},
		},
		{
			name: "the_name_is_the_Service's",
			certificate: func(t *testing.T, b *proxytest.Backend) tls.Certificate {
				return b.Authority.Serving(t, "localhost")
			},
			want: "x509: certificate is valid for localhost, not SERVERNAME",
		},
		{
			name: "not_that_of_the_cluster_domain",
			certificate: func(t *testing.T, b *proxytest.Backend) tls.Certificate {
				return b.Authority.Serving(t, b.ServerName()+".cluster.local")
			},
			want: "x509: certificate is valid for SERVERNAME.cluster.local, not SERVERNAME",
		},
		{
			name: "a_name_only_in_the_subject_does_not_count",
			certificate: func(t *testing.T, b *proxytest.Backend) tls.Certificate {
				return b.Authority.Issue(t, subjectOnly(b.ServerName()))
			},
			want: "x509: certificate relies on legacy Common Name field, use SANs instead",
		},
		{
			name: "expired_is_not_trusted",
			certificate: func(t *testing.T, b *proxytest.Backend) tls.Certificate {
				return b.Authority.Issue(t, expiredTemplate(b.ServerName()))
			},
			want: "x509: certificate has expired or is not yet valid: current time NOW is after 2020-01-02T00:00:00Z",
		},
	} {
		run(t, test.name, func(t *testing.T) {
			b := proxytest.StartBackend(t, s.ControlPlane, proxytest.BackendOptions{ClientAuth: tls.RequireAndVerifyClientCert})
			if test.certificate != nil {
				b.SetCertificate(test.certificate(t, b))
			}
			service := b.APIService("v1")
			if test.spec != nil {
				test.spec(&service.Spec)
			}
			b.CreateService(t, s.ControlPlane, externalName)
			s.CreateAPIService(t, service)
			s.wantVerified(t, b, test.want)
		})
	}
	run(t, "upgrades_are_verified_too", s.upgradesAreVerified)
}

// wantVerified checks that the backend is trusted, or is not for the reason.
func (s *suite) wantVerified(t *testing.T, b *proxytest.Backend, reason string) {
	t.Helper()
	if reason == "" {
		b.WaitServed(t, s.ControlPlane)
		if seen := s.get(t, b.Path("things")).Echo(t); seen.Peer != "front-proxy-client" {
			t.Errorf("the aggregation layer appears as %q, want front-proxy-client", seen.Peer)
		}
		for _, r := range b.Requests("things") {
			if r.ServerName != b.ServerName() {
				t.Errorf("asked for the certificate of %q, want %q", r.ServerName, b.ServerName())
			}
		}
		return
	}
	c := s.WaitCondition(t, "v1."+b.Options.Group, "FailedDiscoveryCheck", nil)
	got := c.Message
	if before, after, ok := strings.Cut(got, "current time "); ok {
		now, rest, _ := strings.Cut(after, " ")
		if _, err := time.Parse(time.RFC3339, now); err == nil {
			got = before + "current time NOW " + rest
		}
	}
	url := probeURL(b)
	reason = strings.ReplaceAll(reason, "SERVERNAME", b.ServerName())
	if want := `failing or missing response from ` + url + `: Get "` + url + `": tls: failed to verify certificate: ` + reason; c.Status != apiregistrationv1.ConditionFalse || got != want {
		t.Errorf("got %s %q, want False %q", c.Status, got, want)
	}
	if n := len(b.Requests(b.Path())); n > 0 {
		t.Errorf("%d requests reached a server that is not to be trusted", n)
	}
}

func withoutCABundle(spec *apiregistrationv1.APIServiceSpec) { spec.CABundle = nil }

func expiredTemplate(name string) *x509.Certificate {
	begin := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	return &x509.Certificate{
		DNSNames: []string{name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		NotBefore: begin, NotAfter: begin.AddDate(0, 0, 1),
	}
}

func expired(t *testing.T, name string) tls.Certificate {
	return proxytest.NewAuthority(t, "other").Issue(t, expiredTemplate(name))
}

func subjectOnly(name string) *x509.Certificate {
	template := &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	template.Subject.CommonName = name
	return template
}

// upgradesAreVerified replaces the certificate of a backend. An open connection still serves requests. An upgrade needs a new
// connection and is refused.
func (s *suite) upgradesAreVerified(t *testing.T) {
	b := s.backend(t, proxytest.BackendOptions{ClientAuth: tls.RequireAndVerifyClientCert})
	b.Handle("echo", proxytest.EchoUpgrade)
	s.upgraded(t, b.Path("echo"), "Connection: Upgrade", "Upgrade: x")
	b.SetCertificate(proxytest.NewAuthority(t, "other").Serving(t, b.ServerName()))
	const refused = "error dialing backend: tls: failed to verify certificate: " + unknownAuthority + "\n"
	// A probe may come first.
	proxytest.Eventually(t, "refusal", proxytest.Patience, func(context.Context) error {
		a := s.raw(t, "GET "+b.Path("echo")+" HTTP/1.1", "Connection: Upgrade", "Upgrade: x")
		if a.Body != unavailable {
			wantPlain(t, a, http.StatusServiceUnavailable, refused)
			return nil
		}
		original := b.Authority.Serving(t, b.ServerName())
		b.SetCertificate(original)
		b.WaitServed(t, s.ControlPlane)
		b.SetCertificate(proxytest.NewAuthority(t, "other").Serving(t, b.ServerName()))
		return errors.New(a.Body)
	})
}
