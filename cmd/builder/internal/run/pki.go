package run

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"path/filepath"
	"slices"
	"time"

	"github.com/apiserver-builder/builder/internal/regular"
)

// A servingCert is the serving certificate of the project's apiserver, and its CA.
type servingCert struct {
	// certFile and keyFile are PEM files. certFile also contains the CA's certificate.
	certFile, keyFile string
	// ca is the PEM certificate of the CA, for an APIService's caBundle.
	ca []byte

	names      []string
	caKey, key *ecdsa.PrivateKey
}

const (
	// defaultValidity is the validity of certificates and tokens. They are created at every start, and renewed after two thirds of their
	// validity.
	defaultValidity = 365 * 24 * time.Hour
	// MinValidity is the shortest validity with which processes can reload certificates in time.
	MinValidity = 10 * time.Second
	// minTokenValidity is the minimum that kube-apiserver accepts.
	minTokenValidity = 10 * time.Minute
	// backdate allows for clocks that differ.
	backdate = time.Hour
)

// newServingCert creates a CA, and a certificate for names and localhost that it signs, in the folder pki. It does not write the CA's key,
// because each start creates a new CA, which only the APIServices refer to.
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
	if err := regular.Replace(c.keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})); err != nil {
		return nil, err
	}
	return c, c.renew(now, validity)
}

// renew renews both certificates with the same keys. So the old CA certificate verifies the new serving certificate and the other way
// round, and they may be distributed in any order.
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
	if err := regular.Replace(c.certFile, chain); err != nil {
		return err
	}
	c.ca = authority
	return nil
}
