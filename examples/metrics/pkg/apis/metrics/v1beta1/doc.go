// Package v1beta1 is version v1beta1 of the metrics.k8s.io API.
//
// +groupName=metrics.k8s.io
// +k8s:deepcopy-gen=package
// +k8s:defaulter-gen=TypeMeta
// +k8s:openapi-gen=true
// +k8s:openapi-model-package=io.k8s.metrics.v1beta1
package v1beta1
