package v1beta1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// This file is yours. After a change, "make generate" renews everything that follows from it.

// AppleSpec is what a user wants of an Apple.
//
// +kubebuilder:validation:XValidation:rule="self.minWeight <= self.maxWeight",message="minWeight must not exceed maxWeight"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.orchard) || self.orchard == oldSelf.orchard",message="an apple does not change orchards",fieldPath=".orchard"
type AppleSpec struct {
	// Variety is the cultivar.
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:Pattern=`^[A-Z][A-Za-z ]*$`
	Variety string `json:"variety"`

	// Color is that of the skin.
	// +kubebuilder:validation:Enum=Red;Green;Yellow
	// +default="Red"
	// +optional
	Color string `json:"color,omitempty"`

	// MinWeight is the least acceptable weight, in grams.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=2000
	// +default=50
	// +optional
	MinWeight int32 `json:"minWeight,omitempty"`

	// MaxWeight is the greatest acceptable weight, in grams.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=2000
	// +default=500
	// +optional
	MaxWeight int32 `json:"maxWeight,omitempty"`

	// Orchard is where the apple grows.
	// +kubebuilder:validation:MaxLength=253
	// +optional
	Orchard string `json:"orchard,omitempty"`

	// Tags are free words about the apple.
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MaxLength=20
	// +listType=set
	// +optional
	Tags []string `json:"tags,omitempty"`
}

// AppleStatus is what the controller saw of an Apple.
type AppleStatus struct {
	// ObservedGeneration is the generation of the spec that this status speaks of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// Conditions say how far the spec has come true.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// Apple is a resource of the fruit.example.com API.
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
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   AppleSpec   `json:"spec,omitempty"`
	Status AppleStatus `json:"status,omitempty"`
}

// AppleList is a list of apples.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type AppleList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Apple `json:"items"`
}
