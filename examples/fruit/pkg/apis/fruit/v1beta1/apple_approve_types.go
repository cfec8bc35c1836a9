package v1beta1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// This file is yours. After a change, "make generate" renews everything that follows from it.

// AppleApproveSpec is what is asked for.
type AppleApproveSpec struct {
	// Fields of your own go here; this one is an example.

	// Reason is a free text.
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
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   AppleApproveSpec   `json:"spec,omitempty"`
	Status AppleApproveStatus `json:"status,omitempty"`
}
