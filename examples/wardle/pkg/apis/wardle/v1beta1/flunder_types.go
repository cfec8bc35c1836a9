package v1beta1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ReferenceType is the kind of object that a Flunder refers to.
type ReferenceType string

const (
	// FlunderReferenceType is the type of a reference to a Flunder.
	FlunderReferenceType ReferenceType = "Flunder"
	// FischerReferenceType is the type of a reference to a Fischer.
	FischerReferenceType ReferenceType = "Fischer"
)

// FlunderSpec defines the desired state of Flunder.
type FlunderSpec struct {
	// FlunderReference is the name of another flunder, in place of a fischer's.
	// +optional
	FlunderReference string `json:"flunderReference,omitempty"`

	// FischerReference is the name of a fischer, in place of a flunder's.
	// +optional
	FischerReference string `json:"fischerReference,omitempty"`

	// ReferenceType is the kind of the reference.
	// +optional
	ReferenceType ReferenceType `json:"referenceType,omitempty"`
}

// FlunderStatus is empty.
type FlunderStatus struct{}

// Flunder is the schema for the flunders API.
//
// +genclient
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +kubebuilder:resource:path=flunders,scope=Namespaced
// +kubebuilder:printcolumn:name="Flunder",type=string,JSONPath=`.spec.flunderReference`
// +kubebuilder:printcolumn:name="Fischer",type=string,JSONPath=`.spec.fischerReference`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type Flunder struct {
	metav1.TypeMeta `json:",inline"`

	// Metadata is the standard metadata of an object.
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is the desired state.
	Spec FlunderSpec `json:"spec,omitempty"`

	// Status is the observed state.
	Status FlunderStatus `json:"status,omitempty"`
}

// FlunderList contains a list of Flunder.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type FlunderList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Flunder `json:"items"`
}
