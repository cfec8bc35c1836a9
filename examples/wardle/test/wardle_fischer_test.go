package test

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/wardle/pkg/apis/wardle/v1alpha1"
)

func TestWardleFischer(t *testing.T) {
	clientset := newClientset(t)
	client := clientset.WardleV1alpha1().Fischers()

	created, err := client.Create(t.Context(), &v1alpha1.Fischer{
		ObjectMeta:         metav1.ObjectMeta{GenerateName: "test-"},
		DisallowedFlunders: []string{"a"},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	created.DisallowedFlunders = []string{"a", "b"}
	updated, err := client.Update(t.Context(), created, metav1.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if updated.Generation != 2 {
		t.Errorf("generation %d after a change outside of the metadata, want 2", updated.Generation)
	}
	if resources, err := clientset.Discovery().ServerResourcesForGroupVersion("wardle.example.com/v1beta1"); err != nil {
		t.Error(err)
	} else if slices.ContainsFunc(resources.APIResources, func(r metav1.APIResource) bool { return r.Name == "fischers" }) {
		t.Error("there are fischers in v1beta1, want them in v1alpha1 only")
	}
	if err := client.Delete(t.Context(), created.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}
