// Package v1beta1 is version v1beta1 of the wardle.example.com API.
//
// +groupName=wardle.example.com
// +k8s:deepcopy-gen=package
// +k8s:defaulter-gen=TypeMeta
// +k8s:openapi-gen=true
// +k8s:openapi-model-package=com.example.wardle.v1beta1
package v1beta1
