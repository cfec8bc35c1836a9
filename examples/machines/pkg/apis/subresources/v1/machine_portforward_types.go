package v1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// MachinePortforwardOptions are the query parameters of the subresource portforward of a Machine.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type MachinePortforwardOptions struct {
	metav1.TypeMeta `json:",inline"`

	// Port is a TCP port of the machine.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int64 `json:"port"`
}
