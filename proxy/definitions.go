package proxy

import (
	apiextensionsopenapi "k8s.io/apiextensions-apiserver/pkg/generated/openapi"
	genericapiserver "k8s.io/apiserver/pkg/server"
	aggregatoropenapi "k8s.io/kube-aggregator/pkg/generated/openapi"
	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

// trimDefinitions has the servers around kube-apiserver describe their own types from their own definitions. Each would
// make and keep kube-apiserver's, 7 MB, for the sake of a handful. The documents come out the same.
func trimDefinitions(config *app.Config) {
	describe(&config.ApiExtensions.GenericConfig.Config, apiextensionsopenapi.GetOpenAPIDefinitions)
	describe(&config.Aggregator.GenericConfig.Config, aggregatoropenapi.GetOpenAPIDefinitions)
}

func describe(server *genericapiserver.Config, definitions common.GetOpenAPIDefinitions) {
	v2, v3 := *server.OpenAPIConfig, *server.OpenAPIV3Config
	v2.GetDefinitions, v3.GetDefinitions, v3.Definitions = definitions, definitions, nil
	server.OpenAPIConfig, server.OpenAPIV3Config = &v2, &v3
}

// forgetDefinitions drops what the server, now built, has no more use for: documents make their definitions anew.
func forgetDefinitions(server *genericapiserver.Config) {
	server.OpenAPIV3Config.Definitions = nil
}
