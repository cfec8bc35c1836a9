// Package controlplane runs the control plane behind the aggregation layer: kube-apiserver of Kubernetes 1.37 as a library, with an
// embedded etcd and the controllers that a developer needs, in one process and without a cluster.
package controlplane

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/apiserver-builder/builder/proxy/controlplane/internal/datadir"
	"github.com/apiserver-builder/builder/proxy/controlplane/internal/etcd"
	"github.com/apiserver-builder/builder/proxy/controlplane/internal/ports"
	"github.com/apiserver-builder/builder/proxy/internal/pki"
)

// Options configures a control plane: the folders of its state, its address, and its behavior.
type Options struct {
	// DataDir is the folder of all state: certificates, etcd's data, the kubeconfig. It is created if missing. Only one process at
	// a time can use it.
	DataDir string
	// CertDir is the folder of certificates and keys. The default is the folder pki in DataDir. Replicas share a folder.
	CertDir string
	// CertificateValidity is the validity of the certificates of clients and servers. They are renewed in its last third.
	CertificateValidity time.Duration
	// BindAddress is the IP address to serve on.
	BindAddress string
	// SecurePort is the port to serve on. 0 selects the port of the last run if it is free, otherwise any free port.
	SecurePort int
	// Etcd is used instead of the embedded etcd if it contains servers.
	Etcd etcd.External
	// UnsafeNoFsync makes the embedded etcd answer before data is on disk. This is faster, but data can be lost or damaged when the
	// machine stops. The end of the process does no harm.
	UnsafeNoFsync bool
	// DiscoveryTimeout limits discovery requests to an extension-apiserver. 0 means no specific limit.
	DiscoveryTimeout time.Duration
	// RevalidateOpenAPI serves a changed OpenAPI document of an extension-apiserver at once, instead of within a minute.
	RevalidateOpenAPI bool

	kube *kubeAPIServer
}

// minCertificateValidity gives components that reload certificate files enough time to read the next certificate.
const minCertificateValidity = 10 * time.Second

// NewOptions returns the default options.
func NewOptions() Options {
	return Options{
		BindAddress:         "127.0.0.1",
		CertificateValidity: pki.DefaultValidity,
		DiscoveryTimeout:    5 * time.Second, // kube-apiserver's
		kube:                newKubeAPIServer(),
	}
}

// Validate returns all errors in the options, in terms of the flags that set them.
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
	errs = append(errs, o.Etcd.Validate()...)
	if len(o.Etcd.Servers) > 0 && o.UnsafeNoFsync {
		errs = append(errs, errors.New("--unsafe-no-fsync is for the embedded etcd: leave it out with --etcd-servers"))
	}
	return errors.Join(append(errs, o.kube.validate()...)...)
}

func (o Options) dataDir() datadir.Dir { return datadir.Dir(o.DataDir) }

func (o Options) certs() pki.Dir {
	if o.CertDir != "" {
		return pki.Dir(o.CertDir)
	}
	return pki.Dir(o.dataDir().Path("pki"))
}

// replica returns the name of this replica, HOST:PORT. It returns "" with an embedded etcd, which no other replica can use.
func (o Options) replica(url string) string {
	if len(o.Etcd.Servers) == 0 {
		return ""
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return fmt.Sprintf("%s:%d", host, ports.Of(url))
}
