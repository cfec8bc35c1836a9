package v1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// MachineConsoleOptions are the query parameters of the subresource console of a Machine. There are none yet.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type MachineConsoleOptions struct {
	metav1.TypeMeta `json:",inline"`
}
