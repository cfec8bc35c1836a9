package availability

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// to resolves every Service to one address.
type to string

func (address to) ResolveEndpoint(string, string, int32) (*url.URL, error) {
	return &url.URL{Scheme: "https", Host: string(address)}, nil
}

// oneOf resolves every Service to a random one of the addresses.
type oneOf []to

func (addresses oneOf) ResolveEndpoint(string, string, int32) (*url.URL, error) {
	return addresses[rand.IntN(len(addresses))].ResolveEndpoint("", "", 0)
}

// probed is a monitor that is not started, for a backend that trusts the CA of its client certificate.
type probed struct {
	*monitor
	backend    *proxytest.Backend
	apiService *apiregistrationv1.APIService
	authority  *proxytest.Authority
	cert, key  []byte
}

func newProbed(t *testing.T) *probed {
	t.Helper()
	p := &probed{authority: proxytest.NewAuthority(t, "front-proxy-ca")}
	ca := filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(ca, p.authority.PEM, 0o600); err != nil {
		t.Fatal(err)
	}
	p.backend = proxytest.StartBackend(t, &proxytest.ControlPlane{FrontProxyCA: proxytest.KeyPair{Cert: ca}}, proxytest.BackendOptions{Namespace: "ns"})
	p.apiService = p.backend.APIService("v1")
	p.rotate(t, "front-proxy-client")
	p.monitor = newMonitor(&Controller{config: Config{
		Resolver:          to(p.backend.Addr()),
		ClientCertificate: func() ([]byte, []byte) { return p.cert, p.key },
	}}, p.apiService.Name, nil)
	t.Cleanup(p.connections.close)
	return p
}

// rotate creates a new client certificate.
func (p *probed) rotate(t *testing.T, name string) {
	t.Helper()
	pair := p.authority.Issue(t, &x509.Certificate{Subject: pkix.Name{CommonName: name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	p.cert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})
	p.key = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
}

// probe probes once, and returns the number of GETs.
func (p *probed) probe(t *testing.T) (int, error) {
	t.Helper()
	before := len(p.gets())
	err := p.monitor.probe(t.Context(), p.apiService)
	return len(p.gets()) - before, err
}

func (p *probed) gets() []proxytest.Request { return p.backend.Requests(p.backend.Path()) }

func (p *probed) answer(handler http.HandlerFunc) { p.backend.Handle(p.backend.Path(), handler) }
