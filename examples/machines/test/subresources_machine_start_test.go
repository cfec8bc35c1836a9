package test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"example.com/machines/pkg/apis/subresources/v1"
	"example.com/machines/pkg/generated/clientset/versioned"
)

// TestSubresourcesMachineStart starts a machine, with a request that the API of the machine gets.
func TestSubresourcesMachineStart(t *testing.T) {
	if err := setMachine(t.Context(), "started", "", nil); err != nil {
		t.Fatal(err)
	}
	clientset, err := versioned.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	all, err := machines()
	if err != nil {
		t.Fatal(err)
	}
	request := &v1.MachineStart{ObjectMeta: metav1.ObjectMeta{Name: "started"}, Spec: v1.MachineStartSpec{Paused: true}}
	for _, dryRun := range []bool{true, false} {
		var options metav1.UpdateOptions
		if dryRun {
			options.DryRun = []string{metav1.DryRunAll}
		}
		if _, err := clientset.SubresourcesV1().Machines(metav1.NamespaceDefault).Start(t.Context(), "started", request, options); err != nil {
			t.Fatal(err)
		}
		machine, err := all.Get(t.Context(), "started", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		running, _, _ := unstructured.NestedBool(machine.Object, "spec", "running")
		paused, _, _ := unstructured.NestedBool(machine.Object, "spec", "paused")
		if running == dryRun || paused == dryRun {
			t.Errorf("dry run %t: the machine is %v", dryRun, machine.Object["spec"])
		}
	}
}
