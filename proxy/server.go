package proxy

import (
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"
	genericapiserver "k8s.io/apiserver/pkg/server"
	aggregatorapiserver "k8s.io/kube-aggregator/pkg/apiserver"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

// apiServer is the whole chain: aggregation layer, kube-apiserver's groups, CustomResourceDefinitions.
type apiServer struct {
	*aggregatorapiserver.APIAggregator
	failed chan error
}

// newAPIServer builds the chain; nothing is served yet.
func newAPIServer(config *app.Config, discoveryTimeout time.Duration) (*apiServer, error) {
	kube := config.KubeAPIs.ControlPlane.Generic
	kube.SkipOpenAPIInstallation = true
	// A set of its own: the aggregation layer, which shares this one, runs the replacements.
	kube.DisabledPostStartHooks = kube.DisabledPostStartHooks.Union(sets.NewString(rbacHook, priorityClassesHook))
	kube.LoopbackClientConfig.UserAgent = userAgent("kube-apiserver")
	version := kubernetesVersion(kube.EffectiveVersion)
	kube.EffectiveVersion, config.Aggregator.GenericConfig.EffectiveVersion = version, version

	remote, err := aggregateRemotely(config, discoveryTimeout)
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
	if err := remote.connect(config, aggregator); err != nil {
		return nil, err
	}
	kubeServer, ok := aggregator.GenericAPIServer.NextDelegate().(*genericapiserver.GenericAPIServer)
	if !ok {
		return nil, errors.New("kube-apiserver's chain is not the one this proxy was written for")
	}
	if err := installLazyOpenAPI(kubeServer, kube.OpenAPIConfig, kube.OpenAPIV3Config); err != nil {
		return nil, err
	}
	aggregator.GenericAPIServer.ShutdownTimeout = drainTimeout
	server := &apiServer{APIAggregator: aggregator, failed: make(chan error, 1)}
	return server, server.addHooks(map[string]genericapiserver.PostStartHookFunc{
		rbacHook:            bootstrapRBAC,
		priorityClassesHook: bootstrapPriorityClasses,
	})
}
