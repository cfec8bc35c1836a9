package v1beta1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Edit this file, then run "make generate".

// AppleApproveSpec defines the request.
type AppleApproveSpec struct {
	// Reason explains why the apple is approved.
	// +optional
	Reason string `json:"reason,omitempty"`
}

// AppleApproveStatus defines the response.
type AppleApproveStatus struct {
	// Message describes the result.
	// +optional
	Message string `json:"message,omitempty"`
}

// AppleApprove is the request and the response of the subresource approve of an Apple.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type AppleApprove struct {
	metav1.TypeMeta `json:",inline"`

	// Metadata is the standard metadata of an object.
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is the request.
	Spec AppleApproveSpec `json:"spec,omitempty"`

	// Status is the response.
	Status AppleApproveStatus `json:"status,omitempty"`
}
