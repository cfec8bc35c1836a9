package controlplane

import (
	"errors"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/informers"
	aggregatorapiserver "k8s.io/kube-aggregator/pkg/apiserver"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"

	"github.com/apiserver-builder/builder/proxy/controlplane/internal/bootstrap"
	"github.com/apiserver-builder/builder/proxy/controlplane/internal/controllers"
	"github.com/apiserver-builder/builder/proxy/controlplane/internal/openapi"
	"github.com/apiserver-builder/builder/proxy/controlplane/internal/version"
	"github.com/apiserver-builder/builder/proxy/internal/pki"
)

// apiServer is the chain of servers: the aggregation layer, kube-apiserver's groups, CustomResourceDefinitions.
type apiServer struct {
	*aggregatorapiserver.APIAggregator
	failed chan error
}

// newAPIServer builds the chain without starting it.
func newAPIServer(config *app.Config, discoveryTimeout time.Duration) (*apiServer, error) {
	kube := config.KubeAPIs.ControlPlane.Generic
	kube.SkipOpenAPIInstallation = true
	replacements := bootstrap.Hooks()
	// Union copies the set, which the aggregation layer shares and in which it runs the replacements.
	kube.DisabledPostStartHooks = kube.DisabledPostStartHooks.Union(sets.StringKeySet(replacements))
	kube.LoopbackClientConfig.UserAgent = version.UserAgent("kube-apiserver")
	effective := version.WithRelease(kube.EffectiveVersion)
	kube.EffectiveVersion, config.Aggregator.GenericConfig.EffectiveVersion = effective, effective

	remote, err := newRemoteAPIServices(config, discoveryTimeout)
	if err != nil {
		return nil, err
	}
	completed, err := config.Complete()
	if err != nil {
		return nil, err
	}
	aggregator, err := app.CreateServerChain(completed)
	if err != nil {
		return nil, err
	}
	if err := remote.startWith(config, aggregator); err != nil {
		return nil, err
	}
	kubeServer, ok := aggregator.GenericAPIServer.NextDelegate().(*genericapiserver.GenericAPIServer)
	if !ok {
		return nil, errors.New("kube-apiserver's chain is not the one this proxy was written for")
	}
	if err := openapi.InstallLazy(kubeServer, kube.OpenAPIConfig, kube.OpenAPIV3Config); err != nil {
		return nil, err
	}
	aggregator.GenericAPIServer.ShutdownTimeout = drainTimeout
	server := &apiServer{APIAggregator: aggregator, failed: make(chan error, 1)}
	return server, server.addHooks(replacements)
}

// addControllers adds the controllers. If this process is one of several replicas, they run only while it is the leader.
func (s *apiServer) addControllers(shared informers.SharedInformerFactory, certs pki.Dir, replica string) error {
	rootCA, err := os.ReadFile(certs.Cert(pki.ServingCA))
	if err != nil {
		return err
	}
	start := func(hook genericapiserver.PostStartHookContext) error {
		return controllers.Start(hook, hook.LoopbackClientConfig, shared, rootCA)
	}
	if replica != "" {
		election := controllers.NewElection(replica, rootCA, s.fail)
		start = election.Start
		if err := s.GenericAPIServer.AddPreShutdownHook("end-controllers-term", election.Resign); err != nil {
			return err
		}
	}
	return s.addHooks(map[string]genericapiserver.PostStartHookFunc{"start-aggregation-proxy-controllers": start})
}

// KubernetesVersion returns the release of Kubernetes that the control plane serves, such as v1.37.1, or "" if the binary has no
// build information.
func KubernetesVersion() string { return version.Kubernetes() }
