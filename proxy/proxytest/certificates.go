package proxytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority signs certificates.
type Authority struct {
	// PEM is its own certificate, what a caBundle holds.
	PEM  []byte
	pair tls.Certificate
}

// NewAuthority makes one that nobody trusts yet.
func NewAuthority(t testing.TB, name string) *Authority {
	t.Helper()
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	pair := sign(t, template, nil)
	return &Authority{certificatePEM(pair), pair}
}

// Serving is a certificate for a server with the names.
func (a *Authority) Serving(t testing.TB, names ...string) tls.Certificate {
	t.Helper()
	return a.Issue(t, servingTemplate(names))
}

// Issue signs what the template describes. Times it leaves out are a minute ago and in an hour.
func (a *Authority) Issue(t testing.TB, template *x509.Certificate) tls.Certificate {
	t.Helper()
	return sign(t, template, &a.pair)
}

// SystemRoots makes an authority, in place of those of the system, for the control planes that the test starts from here on.
func SystemRoots(t testing.TB) KeyPair {
	t.Helper()
	dir := t.TempDir()
	roots := KeyPair{filepath.Join(dir, "roots.crt"), filepath.Join(dir, "roots.key")}
	roots.write(t, NewAuthority(t, "system roots").pair)
	t.Setenv("SSL_CERT_FILE", roots.Cert)
	return roots
}

// Serving is a certificate of the authority ca for a server with the names.
func (ca KeyPair) Serving(t testing.TB, names ...string) tls.Certificate {
	t.Helper()
	return ca.issue(t, servingTemplate(names))
}

// IssueTo replaces the files of a pair by those of a new certificate of the authority ca for the same subject, the key
// first, as whoever rotates certificates does.
func (ca KeyPair) IssueTo(t testing.TB, files KeyPair) tls.Certificate {
	t.Helper()
	old, err := tls.LoadX509KeyPair(files.Cert, files.Key)
	if err != nil {
		t.Fatal(err)
	}
	pair := ca.issue(t, &x509.Certificate{Subject: old.Leaf.Subject, ExtKeyUsage: old.Leaf.ExtKeyUsage})
	files.write(t, pair)
	return pair
}

func (files KeyPair) write(t testing.TB, pair tls.Certificate) {
	t.Helper()
	der, err := x509.MarshalECPrivateKey(pair.PrivateKey.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	replace(t, files.Key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
	replace(t, files.Cert, certificatePEM(pair))
}

// issue signs with the authority in the files.
func (ca KeyPair) issue(t testing.TB, template *x509.Certificate) tls.Certificate {
	t.Helper()
	authority, err := tls.LoadX509KeyPair(ca.Cert, ca.Key)
	if err != nil {
		t.Fatal(err)
	}
	return sign(t, template, &authority)
}

func clientTemplate(user string, groups []string) *x509.Certificate {
	return &x509.Certificate{
		Subject:     pkix.Name{CommonName: user, Organization: groups},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
}

func servingTemplate(names []string) *x509.Certificate {
	return &x509.Certificate{DNSNames: names, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
}

// sign makes a key and has its certificate signed by authority, by itself without one.
func sign(t testing.TB, template *x509.Certificate, authority *tls.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		t.Fatal(err)
	}
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Minute), time.Now().Add(time.Hour)
	}
	if template.KeyUsage == 0 {
		template.KeyUsage = x509.KeyUsageDigitalSignature
	}
	parent, signer := template, any(key)
	if authority != nil {
		parent, signer = authority.Leaf, authority.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func certificatePEM(pair tls.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})
}

// replace changes a file at once: no reader sees half of it.
func replace(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}
