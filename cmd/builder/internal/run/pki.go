package run

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// servingCert is the certificate that the project's apiserver serves with, and the CA that signs it.
type servingCert struct {
	// certFile and keyFile are PEM files. The first has the CA's certificate at its end.
	certFile, keyFile string
	// ca is the PEM certificate of the CA: an APIService's caBundle.
	ca []byte

	names      []string
	caKey, key *ecdsa.PrivateKey
}

const (
	// defaultValidity is how long certificates and tokens last. They are made anew at every start, and when two thirds of it are over.
	defaultValidity = 365 * 24 * time.Hour
	// MinValidity is long enough for a process to read the next certificate in time.
	MinValidity = 10 * time.Second
	// minTokenValidity is what kube-apiserver takes.
	minTokenValidity = 10 * time.Minute
	// backdate is for clocks that differ.
	backdate = time.Hour
)

// newServingCert makes a CA and has it sign a certificate for the names and localhost, in the folder pki. The CA's key is never
// written: each start makes another CA, which nobody but the APIService needs to know.
func newServingCert(pki string, now time.Time, validity time.Duration, names ...string) (*servingCert, error) {
	c := &servingCert{
		certFile: filepath.Join(pki, "extension-apiserver.crt"),
		keyFile:  filepath.Join(pki, "extension-apiserver.key"),
		names:    names,
	}
	for _, key := range []**ecdsa.PrivateKey{&c.caKey, &c.key} {
		var err error
		if *key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			return nil, err
		}
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(c.key)
	if err != nil {
		return nil, err
	}
	if err := writePrivate(c.keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})); err != nil {
		return nil, err
	}
	return c, c.renew(now, validity)
}

// renew makes both certificates again, with the keys they have: so the old CA verifies the new certificate, the new CA the old
// one, and it doesn't matter who learns of which first.
func (c *servingCert) renew(now time.Time, validity time.Duration) error {
	ca := &x509.Certificate{
		SerialNumber:          big.NewInt(now.UnixNano()),
		Subject:               pkix.Name{CommonName: "builder-run-apiserver-ca"},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(validity),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, c.caKey.Public(), c.caKey)
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano() + 1),
		Subject:      pkix.Name{CommonName: c.names[0]},
		NotBefore:    ca.NotBefore,
		NotAfter:     ca.NotAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     append(slices.Clone(c.names), "localhost"),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}, ca, c.key.Public(), c.caKey)
	if err != nil {
		return err
	}
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER})
	chain := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), authority...)
	if err := writePrivate(c.certFile, chain); err != nil {
		return err
	}
	c.ca = authority
	return nil
}

// writePrivate replaces a file by one that only its owner can read.
func writePrivate(path string, content []byte) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("write %s: %w", path, err)
		}
	}()
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // nothing, once renamed
	_, err = file.Write(content)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
