package test

import (
	"fmt"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/kubernetes"

	"example.com/shop/pkg/apis/fruit/v1alpha1"
	"example.com/shop/pkg/generated/clientset/versioned"
)

// TestFruitAppleReconciler tests what the controller does for an Apple.
func TestFruitAppleReconciler(t *testing.T) {
	clientset, err := versioned.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	client := clientset.FruitV1alpha1().Apples(metav1.NamespaceDefault)
	core, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	configMaps := core.CoreV1().ConfigMaps(metav1.NamespaceDefault)

	var sample v1alpha1.Apple
	decodeSample(t, v1alpha1.SchemeGroupVersion.WithKind("Apple"), &sample)
	sample.GenerateName = "test-"
	created, err := client.Create(t.Context(), &sample, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	name := "apple-" + created.Name
	selector := fields.OneTermEqualSelector("regarding.uid", string(created.UID)).String()
	reconciled := func() error {
		got, err := client.Get(t.Context(), created.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		configMap, err := configMaps.Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		events, err := core.EventsV1().Events(metav1.NamespaceDefault).List(t.Context(), metav1.ListOptions{FieldSelector: selector})
		if err != nil {
			return err
		}
		ready := meta.IsStatusConditionTrue(got.Status.Conditions, "Ready")
		if len(got.Finalizers) == 0 || !metav1.IsControlledBy(configMap, got) || len(events.Items) == 0 || !ready {
			return fmt.Errorf("not reconciled: %+v\nConfigMap: %+v\nevents: %+v", got, configMap, events.Items)
		}
		return nil
	}
	eventually(t, reconciled)

	// The controller restores the ConfigMap.
	if err := configMaps.Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, reconciled)

	// The controller removes its finalizer, and the garbage collector deletes the ConfigMap.
	if err := client.Delete(t.Context(), created.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		if _, err := configMaps.Get(t.Context(), name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			return fmt.Errorf("the ConfigMap is not deleted (%v)", err)
		}
		return nil
	})
}
