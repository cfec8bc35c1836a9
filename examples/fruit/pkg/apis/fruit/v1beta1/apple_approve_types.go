package v1beta1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Edit this file, then run "make generate".

// AppleApproveSpec is what is asked for.
type AppleApproveSpec struct {
	// Replace this example with the fields of your API.

	// Reason is an example of a field.
	// +optional
	Reason string `json:"reason,omitempty"`
}

// AppleApproveStatus is the answer.
type AppleApproveStatus struct {
	// Message says what was done.
	// +optional
	Message string `json:"message,omitempty"`
}

// AppleApprove is POSTed to the subresource approve of an Apple, and comes back with the answer.
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
