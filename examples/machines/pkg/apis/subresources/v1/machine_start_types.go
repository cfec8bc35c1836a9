package v1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// MachineStartSpec defines the request.
type MachineStartSpec struct {
	// Paused starts the machine without running it.
	// +optional
	Paused bool `json:"paused,omitempty"`
}

// MachineStart is the request and the response of the subresource start of a Machine.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type MachineStart struct {
	metav1.TypeMeta `json:",inline"`

	// Metadata is the standard metadata of an object.
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is the request.
	Spec MachineStartSpec `json:"spec,omitempty"`
}
