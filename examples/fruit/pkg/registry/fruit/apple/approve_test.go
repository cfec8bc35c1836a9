package apple

import (
	"testing"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestSubresourceGeneration checks that only a change of the spec, and not of the status, increases the generation.
func TestSubresourceGeneration(t *testing.T) {
	was := &Apple{}
	was.Generation = 3
	for _, test := range []struct {
		name   string
		change func(*Apple)
		want   int64
	}{
		{"spec", func(in *Apple) { in.Spec.Orchard = "north" }, 4},
		{"status", func(in *Apple) { in.Status.Conditions = []metav1.Condition{{Type: "Ready"}} }, 3},
	} {
		in := was.DeepCopy()
		test.change(in)
		status := in.Status.DeepCopy()
		subresourceStrategy{strategy{user: &Strategy{}}}.PrepareForUpdate(t.Context(), in, was)
		if in.Generation != test.want || !equality.Semantic.DeepEqual(&in.Status, status) {
			t.Errorf("a change of the %s: got generation %d and status %+v, want %d", test.name, in.Generation, in.Status, test.want)
		}
	}
}
