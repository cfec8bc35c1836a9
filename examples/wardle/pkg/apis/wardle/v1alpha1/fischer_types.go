package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Fischer is a resource of the wardle.example.com API.
//
// +genclient
// +genclient:nonNamespaced
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +kubebuilder:resource:path=fischers,scope=Cluster
// +kubebuilder:deprecatedversion:warning="wardle.example.com/v1alpha1 Fischer is deprecated in v1.3+, unavailable in v1.10+"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type Fischer struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// DisallowedFlunders are the names of flunders that may not be created.
	// +listType=atomic
	// +optional
	DisallowedFlunders []string `json:"disallowedFlunders,omitempty"`
}

// FischerList is a list of fischers.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type FischerList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Fischer `json:"items"`
}
