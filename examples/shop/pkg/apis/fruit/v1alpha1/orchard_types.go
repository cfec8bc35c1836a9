package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// This file is yours. After a change, "make generate" renews everything that follows from it.

// OrchardSpec is what a user wants of an Orchard.
type OrchardSpec struct {
	// Fields of your own go here; this one is an example.

	// Message is a free text.
	// +optional
	Message string `json:"message,omitempty"`
}

// Orchard is a resource of the fruit.example.com API.
//
// +genclient
// +genclient:nonNamespaced
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +kubebuilder:resource:path=orchards,scope=Cluster
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.spec.message`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type Orchard struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec OrchardSpec `json:"spec,omitempty"`
}

// OrchardList is a list of orchards.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type OrchardList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Orchard `json:"items"`
}
