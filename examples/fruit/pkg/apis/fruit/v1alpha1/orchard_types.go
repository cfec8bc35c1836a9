package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// This file is yours. After a change, "make generate" renews everything that follows from it.

// OrchardSpec is what a user wants of an Orchard.
type OrchardSpec struct {
	// Trees is how many trees there are to be.
	// +kubebuilder:validation:Minimum=0
	// +optional
	Trees int32 `json:"trees,omitempty"`
}

// OrchardStatus is what is there of an Orchard.
type OrchardStatus struct {
	// Trees is how many trees there are.
	// +optional
	Trees int32 `json:"trees,omitempty"`
}

// Orchard is a resource of the fruit.example.com API.
//
// +genclient
// +genclient:nonNamespaced
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +kubebuilder:resource:path=orchards,scope=Cluster,categories=fruits
// +kubebuilder:subresource:status
// +kubebuilder:subresource:scale:specpath=.spec.trees,statuspath=.status.trees
// +kubebuilder:printcolumn:name="Trees",type=integer,JSONPath=`.spec.trees`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type Orchard struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   OrchardSpec   `json:"spec,omitempty"`
	Status OrchardStatus `json:"status,omitempty"`
}

// OrchardList is a list of orchards.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type OrchardList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Orchard `json:"items"`
}
