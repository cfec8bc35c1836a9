package test

import (
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestReady expects the controller of each kind to make the kind's sample Ready.
func TestReady(t *testing.T) {
	forEachKind(t, func(t *testing.T, s subject) {
		if !s.controller || !s.status {
			t.Skip("no controller writes a status")
		}
		object := s.create(t, nil)
		eventually(t, func() error {
			got, err := s.Get(t.Context(), object.GetName(), metav1.GetOptions{})
			if err != nil {
				return err
			}
			if observed, _, _ := unstructured.NestedInt64(got.Object, "status", "observedGeneration"); observed != got.GetGeneration() {
				return fmt.Errorf("status is of generation %d, spec of %d", observed, got.GetGeneration())
			}
			return checkCondition(got, "Ready")
		})
	})
}
