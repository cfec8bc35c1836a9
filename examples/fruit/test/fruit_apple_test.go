package test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/shop/pkg/apis/fruit/v1alpha1"
	"example.com/shop/pkg/generated/clientset/versioned"
)

// TestFruitApple tests what only an Apple does. The generated tests beside it cover what every kind does.
func TestFruitApple(t *testing.T) {
	clientset, err := versioned.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	client := clientset.FruitV1alpha1().Apples(metav1.NamespaceDefault)

	created, err := client.Create(t.Context(), &v1alpha1.Apple{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"},
		Spec:       v1alpha1.AppleSpec{Variety: "Gala", Colour: "Green"},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.Get(t.Context(), created.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got.Spec.Colour != "Green" || got.Spec.MaxWeight != 500 || got.Generation != 1 {
		t.Errorf("read back %+v", got)
	}
	newer, err := clientset.FruitV1beta1().Apples(metav1.NamespaceDefault).Get(t.Context(), created.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if newer.Spec.Color != "Green" {
		t.Errorf("the colour is %q in v1beta1", newer.Spec.Color)
	}
	if err := client.Delete(t.Context(), created.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}
