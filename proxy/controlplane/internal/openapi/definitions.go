package openapi

import (
	apiextensionsopenapi "k8s.io/apiextensions-apiserver/pkg/generated/openapi"
	genericapiserver "k8s.io/apiserver/pkg/server"
	aggregatoropenapi "k8s.io/kube-aggregator/pkg/generated/openapi"
	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

// TrimDefinitions limits the definitions of the servers around kube-apiserver to their own types. Otherwise, each would create and
// keep all of kube-apiserver's, 7 MB. The documents are the same.
func TrimDefinitions(config *app.Config) {
	describe(&config.ApiExtensions.GenericConfig.Config, apiextensionsopenapi.GetOpenAPIDefinitions)
	describe(&config.Aggregator.GenericConfig.Config, aggregatoropenapi.GetOpenAPIDefinitions)
}

func describe(server *genericapiserver.Config, definitions common.GetOpenAPIDefinitions) {
	v2, v3 := *server.OpenAPIConfig, *server.OpenAPIV3Config
	v2.GetDefinitions, v3.GetDefinitions, v3.Definitions = definitions, definitions, nil
	server.OpenAPIConfig, server.OpenAPIV3Config = &v2, &v3
}

// DropDefinitions frees the definitions of a server that has been built. Documents create their own when they are built.
func DropDefinitions(server *genericapiserver.Config) {
	server.OpenAPIV3Config.Definitions = nil
}
