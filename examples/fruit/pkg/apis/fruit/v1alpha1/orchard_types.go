package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Edit this file, then run "make generate".

// OrchardSpec defines the desired state of Orchard.
type OrchardSpec struct {
	// Trees is the desired number of trees.
	// +kubebuilder:validation:Minimum=0
	// +optional
	Trees int32 `json:"trees,omitempty"`
}

// OrchardStatus defines the observed state of Orchard.
type OrchardStatus struct {
	// Trees is the observed number of trees.
	// +optional
	Trees int32 `json:"trees,omitempty"`
}

// Orchard is the schema for the orchards API.
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
	metav1.TypeMeta `json:",inline"`

	// Metadata is the standard metadata of an object.
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is the desired state.
	Spec OrchardSpec `json:"spec,omitempty"`

	// Status is the observed state.
	Status OrchardStatus `json:"status,omitempty"`
}

// OrchardList contains a list of Orchard.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type OrchardList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Orchard `json:"items"`
}
