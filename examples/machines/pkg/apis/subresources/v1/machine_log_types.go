package v1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Edit this file, then run "make generate".

// MachineLogOptions are the query parameters of the subresource log of a Machine.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type MachineLogOptions struct {
	metav1.TypeMeta `json:",inline"`

	// Replace this example with the parameters of your API.

	// Follow keeps the stream open, and sends new lines as they appear.
	// +optional
	Follow bool `json:"follow,omitempty"`

	// TailLines limits the existing lines to the given number, counted from the end. Without it, all are sent.
	// +kubebuilder:validation:Minimum=0
	// +optional
	TailLines *int64 `json:"tailLines,omitempty"`
}
