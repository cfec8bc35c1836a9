package v1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// MachineProxyOptions are the query parameters of the subresource proxy of a Machine.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type MachineProxyOptions struct {
	metav1.TypeMeta `json:",inline"`

	// Path is the rest of the path of the request, below the subresource. It is empty, or begins with a slash.
	// +optional
	Path string `json:"path,omitempty"`
}
