package pki

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"slices"
	"time"

	certutil "k8s.io/client-go/util/cert"
)

// These are the names of the pairs in a Dir. ServiceAccount is a key without a certificate.
const (
	ClientCA         = "client-ca"
	Admin            = "admin"
	ServingCA        = "serving-ca"
	APIServer        = "apiserver"
	FrontProxyCA     = "front-proxy-ca"
	FrontProxyClient = "front-proxy-client"
	EtcdCA           = "etcd-ca"
	EtcdServer       = "etcd-server"
	EtcdClient       = "etcd-client"
	ServiceAccount   = "sa"
)

var authorities = []string{ClientCA, ServingCA, FrontProxyCA, EtcdCA}

// Names contains the names and addresses in a serving certificate.
type Names struct {
	DNS []string
	IPs []net.IP
}

// with adds the names of an existing certificate, which another replica may use.
func (n Names) with(cert *x509.Certificate) Names {
	n.DNS = slices.Clone(n.DNS)
	for _, name := range cert.DNSNames {
		if !slices.Contains(n.DNS, name) {
			n.DNS = append(n.DNS, name)
		}
	}
	n.IPs = slices.Clone(n.IPs)
	for _, ip := range cert.IPAddresses {
		if !slices.ContainsFunc(n.IPs, ip.Equal) {
			n.IPs = append(n.IPs, ip)
		}
	}
	return n
}

// leaf describes a certificate that a CA signs.
type leaf struct {
	name, authority string
	subject         pkix.Name
	usage           x509.ExtKeyUsage
	names           Names
}

func leaves(serving Names) []leaf {
	local := Names{DNS: []string{"localhost"}, IPs: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}}
	return []leaf{
		{Admin, ClientCA, pkix.Name{CommonName: "kubernetes-admin", Organization: []string{"system:masters"}}, x509.ExtKeyUsageClientAuth, Names{}},
		{APIServer, ServingCA, pkix.Name{CommonName: "kube-apiserver"}, x509.ExtKeyUsageServerAuth, serving},
		{FrontProxyClient, FrontProxyCA, pkix.Name{CommonName: FrontProxyClient}, x509.ExtKeyUsageClientAuth, Names{}},
		{EtcdServer, EtcdCA, pkix.Name{CommonName: EtcdServer}, x509.ExtKeyUsageServerAuth, local},
		{EtcdClient, EtcdCA, pkix.Name{CommonName: EtcdClient}, x509.ExtKeyUsageClientAuth, Names{}},
	}
}

// ensureAuthority returns the CA in the folder, with a new certificate if it is missing or due. A CA that cannot be read is an
// error, and is not replaced, because clients may trust it.
func (i Issuer) ensureAuthority(name string, now time.Time) (pair, error) {
	ca, err := i.Dir.load(name)
	if err == nil && !due(ca.cert, now) {
		return ca, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return pair{}, err
	}
	key, err := i.ensureKey(name)
	if err != nil {
		return pair{}, err
	}
	template := newTemplate(pkix.Name{CommonName: name}, now, authorityLife)
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature
	return i.sign(name, template, key, pair{template, key})
}

func (i Issuer) ensureLeaf(ca pair, l leaf, now time.Time) error {
	if old, err := i.Dir.load(l.name); err == nil {
		if l.satisfiedBy(old.cert, ca.cert, now) {
			return nil
		}
		if old.cert.CheckSignatureFrom(ca.cert) == nil {
			l.names = l.names.with(old.cert)
		}
	}
	key, err := i.ensureKey(l.name)
	if err != nil { // the key is damaged; it can be replaced, because only the CA's key must be kept
		if key, err = i.makeKey(l.name); err != nil {
			return err
		}
	}
	validity := cmp.Or(i.Validity, DefaultValidity)
	template := newTemplate(l.subject, now, validity)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{l.usage}
	template.DNSNames, template.IPAddresses = l.names.DNS, l.names.IPs
	_, err = i.sign(l.name, template, key, ca)
	return err
}

// satisfiedBy reports whether a certificate can still be used: signed by ca, not due, with the subject and all names.
func (l leaf) satisfiedBy(cert, ca *x509.Certificate, now time.Time) bool {
	if cert.CheckSignatureFrom(ca) != nil || due(cert, now) {
		return false
	}
	if cert.Subject.String() != l.subject.String() || !slices.Contains(cert.ExtKeyUsage, l.usage) {
		return false
	}
	for _, ip := range l.names.IPs {
		if cert.VerifyHostname(ip.String()) != nil {
			return false
		}
	}
	for _, name := range l.names.DNS {
		if cert.VerifyHostname(name) != nil {
			return false
		}
	}
	return true
}

// due reports whether a certificate must be renewed: it expires soon, or it is not valid yet because the clock was set back.
func due(cert *x509.Certificate, now time.Time) bool {
	return now.Before(cert.NotBefore) || cert.NotAfter.Sub(now) < cert.NotAfter.Sub(cert.NotBefore)/renewAt
}

func newTemplate(subject pkix.Name, now time.Time, life time.Duration) *x509.Certificate {
	return &x509.Certificate{
		Subject:   subject,
		NotBefore: now.Add(-min(maxBackdate, life/10)),
		NotAfter:  now.Add(life),
	}
}

// NewKey returns a new private key.
func NewKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a private key: %w", err)
	}
	return key, nil
}

// Sign signs a certificate for the key with a CA, and sets its serial number. For a self-signed certificate, the CA is the template.
func Sign(template *x509.Certificate, key crypto.Signer, ca *x509.Certificate, caKey crypto.Signer) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("make a serial number: %w", err)
	}
	template.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, template, ca, key.Public(), caKey)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// sign signs a certificate for the key with ca, and saves it under a name.
func (i Issuer) sign(name string, template *x509.Certificate, key *ecdsa.PrivateKey, ca pair) (pair, error) {
	path := i.Dir.Cert(name)
	signed, err := Sign(template, key, ca.cert, ca.key)
	if err != nil {
		return pair{}, fmt.Errorf("sign %s: %w", path, err)
	}
	encoded, err := certutil.EncodeCertificates(signed)
	if err != nil {
		return pair{}, fmt.Errorf("encode %s: %w", path, err)
	}
	return pair{signed, key}, i.disk().write(path, encoded, certMode)
}
