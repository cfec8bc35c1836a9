package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Edit this file, then run "make generate".

// OrchardSpec defines the desired state of Orchard.
type OrchardSpec struct {
	// Replace this example with the fields of your API.

	// Message is an example of a field.
	// +optional
	Message string `json:"message,omitempty"`
}

// Orchard is the schema for the orchards API.
//
// +genclient
// +genclient:nonNamespaced
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +kubebuilder:resource:path=orchards,scope=Cluster
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.spec.message`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type Orchard struct {
	metav1.TypeMeta `json:",inline"`

	// Metadata is the standard metadata of an object.
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is the desired state.
	Spec OrchardSpec `json:"spec,omitempty"`
}

// OrchardList contains a list of Orchard.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type OrchardList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Orchard `json:"items"`
}
