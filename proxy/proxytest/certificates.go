package proxytest

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"os"
	"path/filepath"
	"testing"
	"time"

	certutil "k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"

	"github.com/apiserver-builder/builder/proxy/internal/pki"
)

// Authority is a CA.
type Authority struct {
	// PEM is the CA certificate, for a caBundle.
	PEM  []byte
	pair tls.Certificate
}

// NewAuthority creates a CA.
func NewAuthority(t testing.TB, name string) *Authority {
	t.Helper()
	pair := sign(t, authorityTemplate(name), nil)
	return &Authority{certificatePEM(t, pair), pair}
}

func authorityTemplate(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
}

// WriteAuthority writes a new CA to the files, which is valid from now on.
func (files KeyPair) WriteAuthority(t testing.TB, name string, validity time.Duration) {
	t.Helper()
	template := authorityTemplate(name)
	template.NotBefore, template.NotAfter = time.Now(), time.Now().Add(validity)
	files.write(t, sign(t, template, nil))
}

// Serving returns a server certificate for the names.
func (a *Authority) Serving(t testing.TB, names ...string) tls.Certificate {
	t.Helper()
	return a.Issue(t, servingTemplate(names))
}

// Issue signs a certificate from the template. By default, it is valid from a minute ago for an hour.
func (a *Authority) Issue(t testing.TB, template *x509.Certificate) tls.Certificate {
	t.Helper()
	return sign(t, template, &a.pair)
}

// SystemRoots creates a CA that replaces the system's CAs for control planes that the test starts later.
func SystemRoots(t testing.TB) KeyPair {
	t.Helper()
	dir := t.TempDir()
	roots := KeyPair{filepath.Join(dir, "roots.crt"), filepath.Join(dir, "roots.key")}
	roots.write(t, NewAuthority(t, "system roots").pair)
	t.Setenv("SSL_CERT_FILE", roots.Cert)
	return roots
}

// Serving returns a server certificate for the names, signed by the CA.
func (ca KeyPair) Serving(t testing.TB, names ...string) tls.Certificate {
	t.Helper()
	return ca.issue(t, servingTemplate(names))
}

// IssueTo replaces the files of a pair with a new certificate for the same subject, signed by the CA. It replaces the key first, as
// tools that rotate certificates do.
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
	key, err := keyutil.MarshalPrivateKeyToPEM(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	replace(t, files.Key, key)
	replace(t, files.Cert, certificatePEM(t, pair))
}

// issue signs a certificate with the CA in the files.
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

// sign creates a key and its certificate, signed by the CA or, if that is nil, by itself.
func sign(t testing.TB, template *x509.Certificate, authority *tls.Certificate) tls.Certificate {
	t.Helper()
	key, err := pki.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Minute), time.Now().Add(time.Hour)
	}
	if template.KeyUsage == 0 {
		template.KeyUsage = x509.KeyUsageDigitalSignature
	}
	parent, signer := template, crypto.Signer(key)
	if authority != nil {
		parent, signer = authority.Leaf, authority.PrivateKey.(crypto.Signer)
	}
	leaf, err := pki.Sign(template, key, parent, signer)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
}

func certificatePEM(t testing.TB, pair tls.Certificate) []byte {
	t.Helper()
	encoded, err := certutil.EncodeCertificates(pair.Leaf)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// replace replaces a file atomically.
func replace(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}
