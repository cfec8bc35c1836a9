// Package v1 is version v1 of the subresources.machines.example.com API.
//
// +groupName=subresources.machines.example.com
// +k8s:deepcopy-gen=package
// +k8s:defaulter-gen=TypeMeta
// +k8s:openapi-gen=true
// +k8s:openapi-model-package=com.example.machines.subresources.v1
package v1
