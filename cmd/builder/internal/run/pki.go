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
	"os"
	"path/filepath"
	"time"
)

// servingCert is the certificate that the project's apiserver serves with.
type servingCert struct {
	// certFile and keyFile are PEM files. The first has the CA's certificate at its end.
	certFile, keyFile string
	// ca is the PEM certificate of the CA that signed it: an APIService's caBundle.
	ca []byte
}

// validity is how long certificates and tokens last. They are made anew at every start.
const validity = 365 * 24 * time.Hour

// newServingCert makes a CA and has it sign a certificate for the names and localhost, in the folder pki. The CA's key is
// forgotten at once: each start makes another CA, which nobody but the APIService needs to know. So nothing has to be renewed.
func newServingCert(pki string, now time.Time, names ...string) (*servingCert, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	caTemplate := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "builder-run-apiserver-ca"},
		NotBefore:             now.Add(-time.Hour), // clocks differ
		NotAfter:              now.Add(validity),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, caTemplate, caTemplate, caKey.Public(), caKey)
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: names[0]},
		NotBefore:    caTemplate.NotBefore,
		NotAfter:     caTemplate.NotAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     append(names, "localhost"),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}, caTemplate, key.Public(), caKey)
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	c := &servingCert{
		certFile: filepath.Join(pki, "extension-apiserver.crt"),
		keyFile:  filepath.Join(pki, "extension-apiserver.key"),
		ca:       pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}),
	}
	chain := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), c.ca...)
	if err := writePrivate(c.certFile, chain); err != nil {
		return nil, err
	}
	return c, writePrivate(c.keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
}

// writePrivate replaces a file by one that only its owner can read.
func writePrivate(path string, content []byte) error {
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
