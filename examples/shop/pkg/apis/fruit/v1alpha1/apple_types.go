package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Edit this file, then run "make generate".

// AppleSpec defines the desired state of Apple.
type AppleSpec struct {
	// Replace this example with the fields of your API.

	// Message is an example of a field.
	// +optional
	Message string `json:"message,omitempty"`
}

// AppleStatus defines the observed state of Apple.
type AppleStatus struct {
	// Conditions represent the latest available observations of the object's state.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// Apple is the schema for the apples API.
//
// +genclient
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +kubebuilder:resource:path=apples,scope=Namespaced,shortName=ap
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.spec.message`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type Apple struct {
	metav1.TypeMeta `json:",inline"`

	// Metadata is the standard metadata of an object.
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is the desired state.
	Spec AppleSpec `json:"spec,omitempty"`

	// Status is the observed state.
	Status AppleStatus `json:"status,omitempty"`
}

// AppleList contains a list of Apple.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type AppleList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Apple `json:"items"`
}
