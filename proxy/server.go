package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apimachinery/pkg/util/sets"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/flagz"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/client-go/tools/cache"
	basecompatibility "k8s.io/component-base/compatibility"
	"k8s.io/component-base/featuregate"
	aggregatorapiserver "k8s.io/kube-aggregator/pkg/apiserver"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
	"k8s.io/kubernetes/pkg/controlplane/reconcilers"

	"github.com/apiserver-builder/builder/proxy/pki"
)

const (
	// serviceRange is where Services' cluster IPs come from; nothing routes them here.
	serviceRange = "10.0.0.0/16"
	// apiServerServiceIP is the first of serviceRange: Service kubernetes in namespace default.
	apiServerServiceIP = "10.0.0.1"
	// tokenIssuer is what ServiceAccount tokens say they come from, and their default audience.
	tokenIssuer = "https://kubernetes.default.svc"
	// How long open connections, watches mostly, may take to end: a cluster's minute is for load balancers to notice.
	drainTimeout = 2 * time.Second
	// How long to wait in all: a request that hangs would be waited for, whatever the timeout above.
	stopTimeout = 4 * time.Second
)

// apiServer is the whole chain: aggregation layer, kube-apiserver's groups, CustomResourceDefinitions.
type apiServer struct {
	*aggregatorapiserver.APIAggregator
	failed chan error
}

// newAPIServer builds the chain; nothing is served yet.
func newAPIServer(config *app.Config, certs pki.Dir) (*apiServer, error) {
	kube := config.KubeAPIs.ControlPlane.Generic
	kube.SkipOpenAPIInstallation = true
	// A set of its own: the aggregation layer, which shares this one, runs the replacements.
	kube.DisabledPostStartHooks = kube.DisabledPostStartHooks.Union(sets.NewString(rbacHook, priorityClassesHook))
	version := kubernetesVersion(kube.EffectiveVersion)
	kube.EffectiveVersion, config.Aggregator.GenericConfig.EffectiveVersion = version, version

	completed, err := config.Complete()
	if err != nil {
		return nil, err
	}
	aggregator, err := app.CreateServerChain(completed)
	if err != nil {
		return nil, err
	}
	kubeServer, ok := aggregator.GenericAPIServer.NextDelegate().(*genericapiserver.GenericAPIServer)
	if !ok {
		return nil, errors.New("kube-apiserver's chain is not the one this proxy was written for")
	}
	if err := installLazyOpenAPI(kubeServer, kube.OpenAPIConfig, kube.OpenAPIV3Config); err != nil {
		return nil, err
	}
	rootCA, err := os.ReadFile(certs.Cert(pki.ServingCA))
	if err != nil {
		return nil, err
	}
	aggregator.GenericAPIServer.ShutdownTimeout = drainTimeout
	server := &apiServer{APIAggregator: aggregator, failed: make(chan error, 1)}
	informers := config.KubeAPIs.ControlPlane.VersionedInformers
	return server, server.addHooks(map[string]genericapiserver.PostStartHookFunc{
		rbacHook:            bootstrapRBAC,
		priorityClassesHook: bootstrapPriorityClasses,
		"start-aggregation-proxy-controllers": func(hook genericapiserver.PostStartHookContext) error {
			return startControllers(hook, hook.LoopbackClientConfig, informers, rootCA)
		},
	})
}

// addHooks has the hooks run after the start. One that fails ends the server with its error: the generic server would
// end the process, and print what every goroutine was doing.
func (s *apiServer) addHooks(hooks map[string]genericapiserver.PostStartHookFunc) error {
	for name, hook := range hooks {
		err := s.GenericAPIServer.AddPostStartHook(name, func(hookContext genericapiserver.PostStartHookContext) error {
			err := hook(hookContext)
			if err == nil {
				return nil
			}
			select {
			case s.failed <- fmt.Errorf("%s: %w", name, err):
			default: // the first failure is the one to tell
			}
			<-hookContext.Done()
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// run serves until ctx ends or something vital fails.
func (s *apiServer) run(ctx context.Context) error {
	prepared, err := s.PrepareRun()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case err := <-s.failed:
			cancel(err)
		case <-ctx.Done():
		}
	}()
	ended := make(chan error, 1)
	go func() { ended <- prepared.Run(ctx) }()
	select {
	case err = <-ended:
	case <-afterEnd(ctx, stopTimeout):
	}
	if cause := context.Cause(ctx); err == nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// afterEnd sends some time after ctx has ended.
func afterEnd(ctx context.Context, d time.Duration) <-chan struct{} {
	c := make(chan struct{})
	context.AfterFunc(ctx, func() { time.AfterFunc(d, func() { close(c) }) })
	return c
}

// newConfig is what kube-apiserver makes of its flags.
func newConfig(ctx context.Context, listener net.Listener, certs pki.Dir, etcd storagebackend.TransportConfig) (*app.Config, error) {
	o := options.NewServerRunOptions()
	o.Flagz = flagz.NamedFlagSetsReader{FlagSets: o.Flags()}
	o.Etcd.StorageConfig.Transport = etcd
	address := listener.Addr().(*net.TCPAddr)
	o.SecureServing.Listener, o.SecureServing.BindAddress, o.SecureServing.BindPort = listener, address.IP, address.Port
	// Else an address of this machine is looked up, which fails without a network.
	o.GenericServerRunOptions.AdvertiseAddress = reachableIP(address.IP)
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
		return nil, err
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
	return app.NewConfig(completed)
}

// setComponentGlobals makes the feature gates and versions effective, as kube-apiserver does between parsing its flags
// and looking at them.
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

// servingNames is what the serving certificate is for: every way to this server, from here and from a Pod.
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

// reachableIP is an address this machine reaches a server bound to bind at.
func reachableIP(bind net.IP) net.IP {
	if !bind.IsUnspecified() {
		return bind
	}
	if strings.Contains(bind.String(), ":") {
		return net.IPv6loopback
	}
	return net.IPv4(127, 0, 0, 1)
}
