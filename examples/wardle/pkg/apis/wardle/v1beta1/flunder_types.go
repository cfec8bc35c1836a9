package v1beta1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ReferenceType is the kind of object that a Flunder refers to.
type ReferenceType string

const (
	// FlunderReferenceType says that a reference is to a Flunder.
	FlunderReferenceType ReferenceType = "Flunder"
	// FischerReferenceType says that a reference is to a Fischer.
	FischerReferenceType ReferenceType = "Fischer"
)

// FlunderSpec is what a user wants of a Flunder.
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

// Flunder is a resource of the wardle.example.com API.
//
// +genclient
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +kubebuilder:resource:path=flunders,scope=Namespaced
// +kubebuilder:printcolumn:name="Flunder",type=string,JSONPath=`.spec.flunderReference`
// +kubebuilder:printcolumn:name="Fischer",type=string,JSONPath=`.spec.fischerReference`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type Flunder struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   FlunderSpec   `json:"spec,omitempty"`
	Status FlunderStatus `json:"status,omitempty"`
}

// FlunderList is a list of flunders.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type FlunderList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Flunder `json:"items"`
}
