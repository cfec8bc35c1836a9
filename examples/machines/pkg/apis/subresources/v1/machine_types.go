package v1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Machine contains the fields of a Machine of the group machines.example.com that its subresources need.
//
// +genclient
// +genclient:skipVerbs=create,update,updateStatus,delete,deleteCollection,get,list,watch,patch,apply,applyStatus
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +kubebuilder:resource:path=machines,scope=Namespaced
type Machine struct {
	metav1.TypeMeta `json:",inline"`

	// Metadata is the standard metadata of an object.
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Status is the observed state.
	Status MachineStatus `json:"status,omitempty"`
}

// MachineStatus is the observed state of a Machine.
type MachineStatus struct {
	// Agent is the URL of the program that runs the machine. It is empty unless the machine runs.
	// +optional
	Agent string `json:"agent,omitempty"`
}
