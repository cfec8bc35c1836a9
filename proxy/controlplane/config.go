package controlplane

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"strings"

	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apiserver/pkg/server/flagz"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/client-go/tools/cache"
	basecompatibility "k8s.io/component-base/compatibility"
	"k8s.io/component-base/featuregate"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
	"k8s.io/kubernetes/pkg/controlplane/reconcilers"

	"github.com/apiserver-builder/builder/proxy/controlplane/internal/openapi"
	"github.com/apiserver-builder/builder/proxy/internal/pki"
)

const (
	// serviceRange is the range of the Services' cluster IPs. Nothing routes them.
	serviceRange = "10.0.0.0/16"
	// apiServerServiceIP is the first address of serviceRange, which the Service kubernetes in the namespace default gets.
	apiServerServiceIP = "10.0.0.1"
	// tokenIssuer is the issuer and the default audience of ServiceAccount tokens.
	tokenIssuer = "https://kubernetes.default.svc"
)

// newConfig returns the configuration that kube-apiserver would create from its flags.
func newConfig(ctx context.Context, kube *kubeAPIServer, listener net.Listener, certs pki.Dir, etcd storagebackend.TransportConfig) (*app.Config, error) {
	o := kube.ServerRunOptions
	o.Flagz = flagz.NamedFlagSetsReader{FlagSets: kube.flags}
	o.Etcd.StorageConfig.Transport = etcd
	address := listener.Addr().(*net.TCPAddr)
	o.SecureServing.Listener, o.SecureServing.BindAddress, o.SecureServing.BindPort = listener, address.IP, address.Port
	// Otherwise, kube-apiserver would look up an address of this machine, which fails without a network.
	o.GenericServerRunOptions.AdvertiseAddress = reachableIP(address.IP)
	// With a grace period, watches end in order instead of with a broken connection.
	o.GenericServerRunOptions.ShutdownWatchTerminationGracePeriod = drainTimeout
	o.SecureServing.ServerCert.CertKey.CertFile, o.SecureServing.ServerCert.CertKey.KeyFile = certs.Cert(pki.APIServer), certs.Key(pki.APIServer)
	o.ServiceClusterIPRanges = serviceRange
	o.EndpointReconcilerType = string(reconcilers.NoneEndpointReconcilerType)
	o.ProxyClientCertFile, o.ProxyClientKeyFile = certs.Cert(pki.FrontProxyClient), certs.Key(pki.FrontProxyClient)
	o.ServiceAccountSigningKeyFile = certs.Key(pki.ServiceAccount)
	o.Authorization.Modes = []string{"RBAC"}

	authn := o.Authentication
	authn.ClientCert.ClientCA = certs.Cert(pki.ClientCA)
	authn.RequestHeader.ClientCAFile = certs.Cert(pki.FrontProxyCA)
	authn.RequestHeader.AllowedNames = []string{pki.FrontProxyClient}
	authn.RequestHeader.UsernameHeaders = []string{"X-Remote-User"}
	authn.RequestHeader.UIDHeaders = []string{"X-Remote-Uid"}
	authn.RequestHeader.GroupHeaders = []string{"X-Remote-Group"}
	authn.RequestHeader.ExtraHeaderPrefixes = []string{"X-Remote-Extra-"}
	authn.ServiceAccounts.Issuers = []string{tokenIssuer}
	authn.ServiceAccounts.KeyFiles = []string{certs.Key(pki.ServiceAccount)}

	if err := setComponentGlobals(o); err != nil {
		return nil, fmt.Errorf("--feature-gates: %w", err)
	}
	var err error
	if o.InformerName, err = cache.NewInformerName("kube-apiserver"); err != nil {
		return nil, err
	}
	completed, err := o.Complete(ctx)
	if err != nil {
		return nil, err
	}
	if err := utilerrors.NewAggregate(completed.Validate()); err != nil {
		return nil, err
	}
	config, err := app.NewConfig(completed)
	if err != nil {
		return nil, err
	}
	openapi.TrimDefinitions(config)
	return config, nil
}

// identify sets an ID that is unique to the replica. kube-apiserver derives its ID from the host name, so two replicas on a host would
// compete for the same identity Lease.
func identify(config *app.Config, replica string) {
	hash := sha256.Sum256([]byte(replica))
	id := "apiserver-" + hex.EncodeToString(hash[:16])
	config.KubeAPIs.ControlPlane.Generic.APIServerID = id
	config.ApiExtensions.GenericConfig.APIServerID = id
	config.Aggregator.GenericConfig.APIServerID = id
}

// setComponentGlobals applies the feature gates and versions, as kube-apiserver does after it parsed its flags.
func setComponentGlobals(o *options.ServerRunOptions) error {
	registry := o.GenericServerRunOptions.ComponentGlobalsRegistry
	if err := registry.Set(); err != nil {
		return err
	}
	if gate, ok := registry.FeatureGateFor(basecompatibility.DefaultKubeComponent).(featuregate.MutableFeatureGate); ok {
		gate.AddMetrics()
	}
	registry.AddMetrics()
	return nil
}

// servingNames returns the names in the serving certificate: all addresses of this server, for this machine and for a Pod.
func servingNames(bind net.IP) pki.Names {
	names := pki.Names{
		DNS: []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"},
		IPs: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback, net.ParseIP(apiServerServiceIP)},
	}
	if !bind.IsUnspecified() && !bind.IsLoopback() {
		names.IPs = append(names.IPs, bind)
	}
	return names
}

// reachableIP returns an address at which this machine reaches a server that is bound to bind.
func reachableIP(bind net.IP) net.IP {
	if !bind.IsUnspecified() {
		return bind
	}
	if strings.Contains(bind.String(), ":") {
		return net.IPv6loopback
	}
	return net.IPv4(127, 0, 0, 1)
}
