package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Fischer is the schema for the fischers API.
//
// +genclient
// +genclient:nonNamespaced
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +kubebuilder:resource:path=fischers,scope=Cluster
// +kubebuilder:deprecatedversion:warning="wardle.example.com/v1alpha1 Fischer is deprecated in v1.3+, unavailable in v1.10+"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type Fischer struct {
	metav1.TypeMeta `json:",inline"`

	// Metadata is the standard metadata of an object.
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// DisallowedFlunders are the names of flunders that may not be created.
	// +listType=atomic
	// +optional
	DisallowedFlunders []string `json:"disallowedFlunders,omitempty"`
}

// FischerList contains a list of Fischer.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type FischerList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Fischer `json:"items"`
}
