package v1beta1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Edit this file, then run "make generate".

// AppleProxyOptions are the query parameters of the subresource proxy of an Apple.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type AppleProxyOptions struct {
	metav1.TypeMeta `json:",inline"`

	// Path is the rest of the path of the request, below the subresource. It is empty, or begins with a slash.
	// +optional
	Path string `json:"path,omitempty"`

	// Replace this example with the parameters of your API.

	// Text is an example of a parameter.
	// +optional
	Text string `json:"text,omitempty"`
}
