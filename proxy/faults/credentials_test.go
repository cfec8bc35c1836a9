package faults_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// TestRevokedClient replaces the CA of all clients. From then on, their certificates are refused, also on open connections that are
// in use, and certificates of the new CA are accepted.
func TestRevokedClient(t *testing.T) {
	t.Parallel()
	s := newSuite(t)
	b := s.backend(t, proxytest.BackendOptions{})
	clients := s.clients(t)
	for _, client := range clients {
		// Otherwise, a new connection would have no client certificate, because the proxy does not name its CA.
		config := client.Transport.(*http.Transport).TLSClientConfig
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &config.Certificates[0], nil }
	}
	own, aggregated := "/api/v1/namespaces/default", b.Path("things")
	for _, client := range clients {
		for _, path := range []string{own, aggregated, aggregated} {
			a := s.get(t, client, path)
			a.WantStatus(t, http.StatusOK)
		}
	}
	old, err := os.ReadFile(s.ClientCA.Cert)
	if err != nil {
		t.Fatal(err)
	}
	next := proxytest.NewAuthority(t, "next")
	newcomer := s.HTTPClient(t, "")
	newcomer.Transport.(*http.Transport).TLSClientConfig.Certificates = []tls.Certificate{next.Issue(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: userName, Organization: []string{masters}}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})}
	s.writeClientCA(t, next.PEM)
	for _, client := range clients {
		s.answersSoon(t, client, aggregated, http.StatusUnauthorized)
		s.answersSoon(t, client, own, http.StatusUnauthorized)
	}
	reached := len(b.Requests("things"))
	for _, client := range clients {
		a := s.get(t, client, aggregated)
		a.WantStatus(t, http.StatusUnauthorized)
	}
	if len(b.Requests("things")) != reached {
		t.Error("a request was refused and reached the backend all the same")
	}
	s.answersSoon(t, newcomer, aggregated, http.StatusOK)

	s.writeClientCA(t, append(next.PEM, old...))
	for _, client := range append(clients, newcomer) {
		s.answersSoon(t, client, aggregated, http.StatusOK)
	}
	s.writeClientCA(t, old)
	s.answersSoon(t, newcomer, aggregated, http.StatusUnauthorized)
	for _, client := range clients {
		a := s.get(t, client, aggregated)
		a.WantStatus(t, http.StatusOK)
	}
}

func (s *suite) writeClientCA(t *testing.T, pem []byte) {
	t.Helper()
	path := s.ClientCA.Cert + ".next"
	if err := os.WriteFile(path, pem, 0o600); err != nil {
		t.Fatal(err)
	}
	rename(t, path, s.ClientCA.Cert)
}

func (s *suite) answersSoon(t *testing.T, client *http.Client, target string, status int) {
	t.Helper()
	started := time.Now()
	proxytest.Eventually(t, fmt.Sprintf("%d for GET %s", status, target), soon, func(context.Context) error {
		if a := s.get(t, client, target); a.Status != status {
			return fmt.Errorf("%d %s", a.Status, a.Body)
		}
		return nil
	})
	t.Logf("GET %s answers %d after %s", target, status, time.Since(started).Round(time.Millisecond))
}

// tokenLife is the time for which kube-apiserver caches a valid token, plus the time of a check.
const tokenLife = 10*time.Second + soon/2

// deletedServiceAccount removes permissions of a ServiceAccount, and then deletes it.
func (s *suite) deletedServiceAccount(t *testing.T) {
	b := s.backend(t, proxytest.BackendOptions{})
	client, namespace := s.Client(t), s.Namespace(t)
	accounts := client.CoreV1().ServiceAccounts(namespace)
	account, err := accounts.Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "robot"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: namespace},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: account.Name}},
	}
	bindings := client.RbacV1().ClusterRoleBindings()
	bind := func() {
		t.Helper()
		if _, err := bindings.Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	bind()
	token, err := accounts.CreateToken(t.Context(), account.Name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	robot := s.HTTPClient(t, "")
	header := http.Header{"Authorization": {"Bearer " + token.Status.Token}}
	becomes := func(status int, within time.Duration) {
		t.Helper()
		started := time.Now()
		proxytest.Eventually(t, fmt.Sprintf("%d for the ServiceAccount", status), within, func(ctx context.Context) error {
			a, err := s.Try(ctx, robot, http.MethodGet, b.Path("things"), header, nil)
			if err == nil && a.Status != status {
				err = fmt.Errorf("%d %s", a.Status, a.Body)
			}
			return err
		})
		t.Logf("%d after %s", status, time.Since(started).Round(time.Millisecond))
	}
	becomes(http.StatusOK, soon)
	if err := bindings.Delete(t.Context(), binding.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	becomes(http.StatusForbidden, soon)
	bind()
	becomes(http.StatusOK, soon)
	if err := accounts.Delete(t.Context(), account.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	becomes(http.StatusUnauthorized, tokenLife)
}
