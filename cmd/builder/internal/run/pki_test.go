package run

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"
)

// TestServingCert serves with the certificate, and sends requests to each of its names.
func TestServingCert(t *testing.T) {
	pki := t.TempDir()
	cert, err := newServingCert(pki, time.Now(), time.Hour, "shop-apiserver.shop-system.svc")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(cert.certFile, cert.keyFile)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(cert.ca) {
		t.Fatal("no CA")
	}
	for name, ok := range map[string]bool{
		"": true, "localhost": true, "shop-apiserver.shop-system.svc": true, // "" is 127.0.0.1
		"other.shop-system.svc": false, "example.com": false,
	} {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: name}}}
		response, err := client.Get(server.URL)
		if err == nil {
			response.Body.Close()
		}
		if (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
		client.CloseIdleConnections()
	}
	entries, err := os.ReadDir(pki)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 2 {
		t.Errorf("files: %v, want the certificate and its key", entries)
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v (%v)", entry.Name(), info.Mode(), err)
		}
	}
}

// TestRenewedServingCert verifies that clients with the old CA trust the new certificate, and the other way round.
func TestRenewedServingCert(t *testing.T) {
	const name = "shop-apiserver.shop-system.svc"
	now := time.Now()
	cert, err := newServingCert(t.TempDir(), now, time.Minute, name)
	if err != nil {
		t.Fatal(err)
	}
	type generation struct{ ca, chain []byte }
	var generations [2]generation
	for i := range generations {
		chain, err := os.ReadFile(cert.certFile)
		if err != nil {
			t.Fatal(err)
		}
		generations[i] = generation{cert.ca, chain}
		if _, err := tls.LoadX509KeyPair(cert.certFile, cert.keyFile); err != nil {
			t.Error(err)
		}
		if err := cert.renew(now.Add(40*time.Second), time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	for i, trusting := range generations {
		for j, trusted := range generations {
			roots := x509.NewCertPool()
			roots.AppendCertsFromPEM(trusting.ca)
			block, _ := pem.Decode(trusted.chain)
			leaf, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: name, CurrentTime: now.Add(50 * time.Second)}); err != nil {
				t.Errorf("authority %d does not trust certificate %d: %v", i, j, err)
			}
		}
	}
	block, _ := pem.Decode(generations[1].chain)
	if leaf, err := x509.ParseCertificate(block.Bytes); err != nil || leaf.NotAfter.Before(now.Add(90*time.Second)) {
		t.Errorf("renewed until %v (%v)", leaf.NotAfter, err)
	}
}

func TestRenewalDue(t *testing.T) {
	issued := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for age, want := range map[time.Duration]bool{
		0: false, time.Hour: false, 15 * time.Hour: false, 17 * time.Hour: true, 1000 * time.Hour: true,
		-time.Minute: false, -2 * time.Hour: true, // a clock that was set back
	} {
		if got := renewalDue(issued, issued.Add(age), 24*time.Hour); got != want {
			t.Errorf("after %s: %v", age, got)
		}
	}
}
