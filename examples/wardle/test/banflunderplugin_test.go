package test

import (
	"errors"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/wardle/pkg/apis/wardle/v1alpha1"
	"example.com/wardle/pkg/generated/clientset/versioned"
)

// TestAdmissionBanFlunder checks that a flunder can't have a name that a fischer disallows, until the fischer is deleted.
func TestAdmissionBanFlunder(t *testing.T) {
	clientset, err := versioned.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	client := clientset.WardleV1alpha1()
	fischer := &v1alpha1.Fischer{ObjectMeta: metav1.ObjectMeta{Name: "ban"}, DisallowedFlunders: []string{"banned"}}
	if _, err := client.Fischers().Create(t.Context(), fischer, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	create := func(name string) error {
		flunder := &v1alpha1.Flunder{ObjectMeta: metav1.ObjectMeta{Name: name}}
		_, err := client.Flunders(metav1.NamespaceDefault).Create(t.Context(), flunder, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err
	}
	eventually(t, func() error {
		if err := create("banned"); !apierrors.IsForbidden(err) {
			return errors.Join(errors.New("a banned flunder is not forbidden"), err)
		}
		return nil
	})
	if err := create("welcome"); err != nil {
		t.Error(err)
	}
	if err := client.Fischers().Delete(t.Context(), fischer.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error { return create("banned") })
}
