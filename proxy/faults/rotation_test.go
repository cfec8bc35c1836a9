package faults_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

const rotations = 5

// rotateFrontProxy replaces the proxy's client certificate repeatedly, under load. It writes the key before the certificate, once
// with a long pause.
func (s *suite) rotateFrontProxy(t *testing.T) {
	b := s.backend(t, proxytest.BackendOptions{ClientAuth: tls.RequireAndVerifyClientCert})
	load := s.startLoad(t, b)
	load.flow(t)
	for i := range rotations {
		next := copyPair(t, s.FrontProxyClient)
		certificate := s.FrontProxyCA.IssueTo(t, next)
		rename(t, next.Key, s.FrontProxyClient.Key)
		if i == 0 {
			load.flow(t) // with a key that does not match the certificate
		}
		rename(t, next.Cert, s.FrontProxyClient.Cert)
		proxytest.Eventually(t, "use of the new certificate", soon, func(ctx context.Context) error {
			if err := s.exchange(ctx, s.client, b.Path("shown")); err != nil {
				t.Fatal(err)
			}
			requests := b.Requests("shown")
			if requests[len(requests)-1].Peer.SerialNumber.Cmp(certificate.Leaf.SerialNumber) != 0 {
				return errors.New("the old one is shown")
			}
			return nil
		})
		load.flow(t)
	}
	load.stop(t)
	// Connections of the load, some with an old certificate, and of the probe. There must not be one for each rotation.
	const connections = 20
	proxytest.Eventually(t, "end of old connections", soon, func(context.Context) error {
		if open := b.OpenConnections(); open > connections {
			return fmt.Errorf("%d are open", open)
		}
		return nil
	})
}

// copyPair copies the files of a pair to a folder on the same disk.
func copyPair(t *testing.T, pair proxytest.KeyPair) proxytest.KeyPair {
	t.Helper()
	dir, err := os.MkdirTemp(filepath.Dir(filepath.Dir(pair.Cert)), "next-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	copied := proxytest.KeyPair{Cert: filepath.Join(dir, "crt"), Key: filepath.Join(dir, "key")}
	for from, to := range map[string]string{pair.Cert: copied.Cert, pair.Key: copied.Key} {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return copied
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// rotateCABundle replaces a backend's CA repeatedly, under load, and then by a wrong one. Only this backend becomes unavailable,
// until the CA is corrected.
func (s *suite) rotateCABundle(t *testing.T) {
	b, other := s.backend(t, proxytest.BackendOptions{}), s.backend(t, proxytest.BackendOptions{})
	load, otherLoad := s.startLoad(t, b), s.startLoad(t, other)
	name, current := "v1."+b.Options.Group, b.Authority
	trust := func(authorities ...*proxytest.Authority) {
		t.Helper()
		var bundle [][]byte
		for _, authority := range authorities {
			bundle = append(bundle, authority.PEM)
		}
		accepted := b.AcceptedConnections()
		s.UpdateAPIService(t, name, func(spec *apiregistrationv1.APIServiceSpec) { spec.CABundle = bytes.Join(bundle, nil) })
		proxytest.Eventually(t, "connection with the new trust", soon, func(context.Context) error {
			return atLeast(accepted+1, b.AcceptedConnections())
		})
		load.flow(t)
	}
	for range rotations {
		next := proxytest.NewAuthority(t, "next")
		trust(current, next)
		b.SetCertificate(next.Serving(t, b.ServerName()))
		trust(next)
		current = next
	}
	load.stop(t)
	s.UpdateAPIService(t, name, func(spec *apiregistrationv1.APIServiceSpec) { spec.CABundle = b.Authority.PEM })
	s.wantUntrusted(t, b)
	s.UpdateAPIService(t, name, func(spec *apiregistrationv1.APIServiceSpec) { spec.CABundle = current.PEM })
	s.wantServed(t, b)
	otherLoad.flow(t)
	otherLoad.stop(t)
}

// wrongCertificates restarts a backend with a certificate that is not trusted, and then with a trusted one.
func (s *suite) wrongCertificates(t *testing.T) {
	for name, certificate := range map[string]func(*testing.T, *proxytest.Backend) tls.Certificate{
		"expired": func(t *testing.T, b *proxytest.Backend) tls.Certificate {
			return b.Authority.Issue(t, &x509.Certificate{
				DNSNames: []string{b.ServerName()}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
				NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(-time.Hour),
			})
		},
		"of_tomorrow": func(t *testing.T, b *proxytest.Backend) tls.Certificate {
			return b.Authority.Issue(t, &x509.Certificate{
				DNSNames: []string{b.ServerName()}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
				NotBefore: time.Now().Add(24 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
			})
		},
		"for_another_name": func(t *testing.T, b *proxytest.Backend) tls.Certificate {
			return b.Authority.Serving(t, "other."+b.Options.Namespace+".svc")
		},
		"of_another_authority": func(t *testing.T, b *proxytest.Backend) tls.Certificate {
			return proxytest.NewAuthority(t, b.Options.Service).Serving(t, b.ServerName())
		},
		"of_a_client": func(t *testing.T, b *proxytest.Backend) tls.Certificate {
			return b.Authority.Issue(t, &x509.Certificate{
				DNSNames: []string{b.ServerName()}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := s.backend(t, proxytest.BackendOptions{})
			b.Stop()
			b.SetCertificate(certificate(t, b))
			before := len(b.Requests(b.Path()))
			b.Start(t)
			s.wantUntrusted(t, b)
			if more := len(b.Requests(b.Path())) - before; more > 0 || len(b.Requests("things")) > 0 {
				t.Errorf("%d probes and %d requests reached a server that is not to be trusted", more, len(b.Requests("things")))
			}
			b.SetCertificate(b.Authority.Serving(t, b.ServerName()))
			s.wantServed(t, b)
		})
	}
}

// wantUntrusted checks that the backend is unavailable because of its certificate, and that clients get this error.
func (s *suite) wantUntrusted(t *testing.T, b *proxytest.Backend) {
	t.Helper()
	started := time.Now()
	s.WaitCondition(t, "v1."+b.Options.Group, "FailedDiscoveryCheck", func(c apiregistrationv1.APIServiceCondition) bool {
		const verifying = "tls: failed to verify certificate: x509: "
		return c.Status == apiregistrationv1.ConditionFalse && bytes.Contains([]byte(c.Message), []byte(verifying))
	})
	s.inTime(t, "to notice a wrong certificate", started)
	proxytest.Eventually(t, "refusal", soon, func(context.Context) error {
		if a := s.get(t, s.client, b.Path("things")); a.Status != http.StatusServiceUnavailable {
			return fmt.Errorf("%d %s", a.Status, a.Body)
		}
		return nil
	})
}

func (s *suite) wantServed(t *testing.T, b *proxytest.Backend) {
	t.Helper()
	started := time.Now()
	b.WaitServed(t, s.ControlPlane)
	s.inTime(t, "to notice that all is well again", started)
}

func (s *suite) inTime(t *testing.T, what string, started time.Time) {
	t.Helper()
	if took := time.Since(started); took > soon {
		t.Errorf("it took %s %s", took, what)
	}
}
