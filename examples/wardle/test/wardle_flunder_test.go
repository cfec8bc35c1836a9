package test

import (
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"example.com/wardle/pkg/apis/wardle/v1alpha1"
	"example.com/wardle/pkg/generated/clientset/versioned"
)

func TestWardleFlunder(t *testing.T) {
	clientset, err := versioned.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	client := clientset.WardleV1alpha1().Flunders(metav1.NamespaceDefault)
	for _, c := range []struct {
		name string
		spec v1alpha1.FlunderSpec
		// want is the reference type that is stored, invalid what is wrong.
		want    v1alpha1.ReferenceType
		invalid string
	}{
		{name: "empty"},
		{name: "type by default", spec: v1alpha1.FlunderSpec{Reference: "other"}, want: v1alpha1.FlunderReferenceType},
		{
			name: "empty type is defaulted too",
			spec: v1alpha1.FlunderSpec{Reference: "other", ReferenceType: ptr.To(v1alpha1.ReferenceType(""))},
			want: v1alpha1.FlunderReferenceType,
		},
		{
			name: "fischer",
			spec: v1alpha1.FlunderSpec{Reference: "other", ReferenceType: ptr.To(v1alpha1.FischerReferenceType)},
			want: v1alpha1.FischerReferenceType,
		},
		{
			name:    "type without reference",
			spec:    v1alpha1.FlunderSpec{ReferenceType: ptr.To(v1alpha1.FischerReferenceType)},
			invalid: `spec.reference: Invalid value: "": cannot be empty if referenceType is Fischer`,
		},
		{
			name:    "unknown type",
			spec:    v1alpha1.FlunderSpec{Reference: "other", ReferenceType: ptr.To(v1alpha1.ReferenceType("Cod"))},
			invalid: `spec.referenceType: Invalid value: "Cod": must be Flunder or Fischer`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			created, err := client.Create(t.Context(), &v1alpha1.Flunder{
				ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}, Spec: c.spec,
			}, metav1.CreateOptions{})
			if c.invalid != "" {
				if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), c.invalid) {
					t.Errorf("created with %v, want %s", err, c.invalid)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := ptr.Deref(created.Spec.ReferenceType, ""); got != c.want {
				t.Errorf("reference type %q, want %q", got, c.want)
			}
			if err := client.Delete(t.Context(), created.Name, metav1.DeleteOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
}
