package run

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"
)

// TestServingCert serves with the certificate, and asks under each name that it is for.
func TestServingCert(t *testing.T) {
	pki := t.TempDir()
	cert, err := newServingCert(pki, time.Now(), "shop-apiserver.shop-system.svc")
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

func TestWritePrivateReplaces(t *testing.T) {
	path := t.TempDir() + "/key"
	if err := os.WriteFile(path, []byte("old and open to all"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := writePrivate(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil || string(content) != "new" {
		t.Errorf("%q, %v", content, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v (%v)", info.Mode(), err)
	}
}
