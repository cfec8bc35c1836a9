// Package proxy is the reference aggregation proxy: what a kube-apiserver of Kubernetes 1.37 does for an
// extension-apiserver, in one process, on one machine, with no cluster. The control plane behind the aggregation
// layer is kube-apiserver itself, as a library, with etcd embedded and the few controllers a developer would miss.
package proxy

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/apiserver-builder/builder/proxy/pki"
)

// Options says where the proxy keeps its state, where it listens, and how it serves.
type Options struct {
	// DataDir holds all state: certificates, etcd's data, the kubeconfig. It is made when missing, and belongs to one
	// running proxy at a time.
	DataDir string
	// CertDir holds certificates and keys; empty for folder pki of DataDir. Replicas share one.
	CertDir string
	// CertificateValidity is how long certificates of clients and servers are valid. They are renewed in the last third of it.
	CertificateValidity time.Duration
	// BindAddress is the IP address to serve on.
	BindAddress string
	// SecurePort is the port to serve on; 0 takes the port of the last run if it is free, else any free one.
	SecurePort int
	// Etcd is an etcd to use instead of the embedded one, when it names servers.
	Etcd ExternalEtcd
	// UnsafeNoFsync lets the embedded etcd answer before data is on disk: quicker, and lost or damaged when the
	// machine (not just the process) stops at the wrong moment.
	UnsafeNoFsync bool
	// DiscoveryTimeout is how long an extension-apiserver may take to answer a discovery request; 0 for as long as any.
	DiscoveryTimeout time.Duration

	kube *kubeAPIServer
}

// ExternalEtcd is an etcd that somebody else runs.
type ExternalEtcd struct {
	// Servers are client URLs.
	Servers []string
	// CAFile, CertFile and KeyFile are for servers that use TLS; PEM, as kube-apiserver's flags of these names.
	CAFile, CertFile, KeyFile string
}

// minCertificateValidity is long enough for whoever reads a certificate's file to read the next one in time.
const minCertificateValidity = 10 * time.Second

// NewOptions returns the defaults.
func NewOptions() Options {
	return Options{
		BindAddress:         "127.0.0.1",
		CertificateValidity: pki.DefaultValidity,
		DiscoveryTimeout:    5 * time.Second, // kube-apiserver's
		kube:                newKubeAPIServer(),
	}
}

// Validate returns what is wrong with the options, all of it, in a user's words.
func (o Options) Validate() error {
	var errs []error
	if o.DataDir == "" {
		errs = append(errs, errors.New("--data-dir is required: name a folder for certificates, data and the kubeconfig"))
	}
	if o.CertificateValidity < minCertificateValidity {
		errs = append(errs, fmt.Errorf("--certificate-validity %s is too short to renew certificates in time: give %s or more", o.CertificateValidity, minCertificateValidity))
	}
	if net.ParseIP(o.BindAddress) == nil {
		errs = append(errs, fmt.Errorf("--bind-address %q is not an IP address", o.BindAddress))
	}
	if o.SecurePort < 0 || o.SecurePort > 65535 {
		errs = append(errs, fmt.Errorf("--secure-port %d is not a port: give one up to 65535, or 0 for a free one", o.SecurePort))
	}
	if o.DiscoveryTimeout < 0 {
		errs = append(errs, fmt.Errorf("--discovery-timeout %s is negative: 0 is for no timeout", o.DiscoveryTimeout))
	}
	errs = append(errs, o.Etcd.validate(o.UnsafeNoFsync)...)
	return errors.Join(append(errs, o.kube.validate()...)...)
}

func (e ExternalEtcd) validate(noFsync bool) []error {
	var errs []error
	for _, server := range e.Servers {
		if u, err := url.Parse(server); err != nil || u.Host == "" || !strings.HasPrefix(u.Scheme, "http") {
			errs = append(errs, fmt.Errorf("--etcd-servers %q is not a URL like https://127.0.0.1:2379", server))
		}
	}
	if len(e.Servers) == 0 && (e.CAFile != "" || e.CertFile != "" || e.KeyFile != "") {
		errs = append(errs, errors.New("--etcd-cafile, --etcd-certfile and --etcd-keyfile go with --etcd-servers: the embedded etcd has its own certificates"))
	}
	if (e.CertFile == "") != (e.KeyFile == "") {
		errs = append(errs, errors.New("--etcd-certfile and --etcd-keyfile go together"))
	}
	if len(e.Servers) > 0 && noFsync {
		errs = append(errs, errors.New("--unsafe-no-fsync is for the embedded etcd: leave it out with --etcd-servers"))
	}
	return errs
}

// certs is where certificates are kept.
func (o Options) certs() pki.Dir {
	if o.CertDir != "" {
		return pki.Dir(o.CertDir)
	}
	return pki.Dir(dataDir(o.DataDir).path("pki"))
}

// replica is the name of a proxy beside which others may serve the same objects, made of the machine's and the port.
func (o Options) replica(url string) string {
	if len(o.Etcd.Servers) == 0 {
		return ""
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return fmt.Sprintf("%s:%d", host, portOf(url))
}
