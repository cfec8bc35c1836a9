// Package v1alpha1 is version v1alpha1 of the fruit.example.com API.
//
// +groupName=fruit.example.com
// +k8s:deepcopy-gen=package
// +k8s:defaulter-gen=TypeMeta
// +k8s:openapi-gen=true
// +k8s:openapi-model-package=com.example.fruit.v1alpha1
package v1alpha1
