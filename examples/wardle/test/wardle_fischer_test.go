package test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/wardle/pkg/apis/wardle/v1alpha1"
	"example.com/wardle/pkg/generated/clientset/versioned"
)

func TestWardleFischer(t *testing.T) {
	clientset, err := versioned.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
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
	if err := client.Delete(t.Context(), created.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}
