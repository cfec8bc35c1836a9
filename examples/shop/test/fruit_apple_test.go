package test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/shop/pkg/apis/fruit/v1alpha1"
	"example.com/shop/pkg/generated/clientset/versioned"
)

// TestFruitApple tests what only an Apple does. It starts with the object in config/samples; the generated tests beside
// it cover what every kind does.
func TestFruitApple(t *testing.T) {
	clientset, err := versioned.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	client := clientset.FruitV1alpha1().Apples(metav1.NamespaceDefault)

	var sample v1alpha1.Apple
	decodeSample(t, v1alpha1.SchemeGroupVersion.WithKind("Apple"), &sample)
	sample.GenerateName = "test-"
	created, err := client.Create(t.Context(), &sample, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.Get(t.Context(), created.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got.UID != created.UID || got.Generation != 1 {
		t.Errorf("read back %+v, want generation 1 of %+v", got, created)
	}
	if err := client.Delete(t.Context(), created.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}
