package v1beta1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Edit this file, then run "make generate".

// AppleSpec defines the desired state of Apple.
//
// +kubebuilder:validation:XValidation:rule="self.minWeight <= self.maxWeight",message="minWeight must not exceed maxWeight"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.orchard) || self.orchard == oldSelf.orchard",message="the orchard cannot be changed once it is set",fieldPath=".orchard"
type AppleSpec struct {
	// Variety is the cultivar.
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:Pattern=`^[A-Z][A-Za-z ]*$`
	Variety string `json:"variety"`

	// Color is the color of the skin.
	// +kubebuilder:validation:Enum=Red;Green;Yellow
	// +default="Red"
	// +optional
	Color string `json:"color,omitempty"`

	// MinWeight is the minimum acceptable weight, in grams.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=2000
	// +default=50
	// +optional
	MinWeight int32 `json:"minWeight,omitempty"`

	// MaxWeight is the maximum acceptable weight, in grams.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=2000
	// +default=500
	// +optional
	MaxWeight int32 `json:"maxWeight,omitempty"`

	// Orchard is the name of the Orchard where the apple grows.
	// +kubebuilder:validation:MaxLength=253
	// +optional
	Orchard string `json:"orchard,omitempty"`

	// Tags are keywords for the apple.
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MaxLength=20
	// +listType=set
	// +optional
	Tags []string `json:"tags,omitempty"`
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
// +kubebuilder:resource:path=apples,scope=Namespaced,shortName=ap,categories=all;fruits
// +kubebuilder:subresource:status
// +kubebuilder:selectablefield:JSONPath=`.spec.color`
// +kubebuilder:printcolumn:name="Variety",type=string,JSONPath=`.spec.variety`
// +kubebuilder:printcolumn:name="Color",type=string,JSONPath=`.spec.color`
// +kubebuilder:printcolumn:name="Orchard",type=string,JSONPath=`.spec.orchard`,priority=1
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
