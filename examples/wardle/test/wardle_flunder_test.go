package test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/wardle/pkg/apis/wardle/v1alpha1"
	"example.com/wardle/pkg/apis/wardle/v1beta1"
	"example.com/wardle/pkg/generated/clientset/versioned"
)

const (
	flunder = v1beta1.FlunderReferenceType
	fischer = v1beta1.FischerReferenceType
)

// TestWardleFlunder creates flunders in each version and reads them in the other.
func TestWardleFlunder(t *testing.T) {
	clientset := newClientset(t)
	alpha, beta := clientset.WardleV1alpha1().Flunders(metav1.NamespaceDefault), clientset.WardleV1beta1().Flunders(metav1.NamespaceDefault)
	tests := map[string]struct {
		// One of the two is created, beta unless it is empty, and reads as both that are wanted.
		alpha, wantAlpha v1alpha1.FlunderSpec
		beta, wantBeta   v1beta1.FlunderSpec
	}{
		"empty": {},
		"a flunder in v1alpha1": {
			alpha:     alphaSpec("other", v1alpha1.FlunderReferenceType),
			wantAlpha: alphaSpec("other", v1alpha1.FlunderReferenceType),
			wantBeta:  v1beta1.FlunderSpec{FlunderReference: "other", ReferenceType: flunder},
		},
		"a fischer in v1alpha1": {
			alpha:     alphaSpec("other", v1alpha1.FischerReferenceType),
			wantAlpha: alphaSpec("other", v1alpha1.FischerReferenceType),
			wantBeta:  v1beta1.FlunderSpec{FischerReference: "other", ReferenceType: fischer},
		},
		"a type by default in v1alpha1": {
			alpha:     v1alpha1.FlunderSpec{Reference: "other"},
			wantAlpha: alphaSpec("other", v1alpha1.FlunderReferenceType),
			wantBeta:  v1beta1.FlunderSpec{FlunderReference: "other", ReferenceType: flunder},
		},
		"an empty type in v1alpha1": {
			alpha:     alphaSpec("other", ""),
			wantAlpha: alphaSpec("other", v1alpha1.FlunderReferenceType),
			wantBeta:  v1beta1.FlunderSpec{FlunderReference: "other", ReferenceType: flunder},
		},
		"an unknown type in v1alpha1": {alpha: alphaSpec("other", "Cod")},
		"a flunder in v1beta1": {
			beta:      v1beta1.FlunderSpec{FlunderReference: "other", ReferenceType: flunder},
			wantAlpha: alphaSpec("other", v1alpha1.FlunderReferenceType),
			wantBeta:  v1beta1.FlunderSpec{FlunderReference: "other", ReferenceType: flunder},
		},
		"a fischer in v1beta1": {
			beta:      v1beta1.FlunderSpec{FischerReference: "other", ReferenceType: fischer},
			wantAlpha: alphaSpec("other", v1alpha1.FischerReferenceType),
			wantBeta:  v1beta1.FlunderSpec{FischerReference: "other", ReferenceType: fischer},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var created metav1.Object
			var err error
			meta := metav1.ObjectMeta{GenerateName: "test-"}
			if test.beta != (v1beta1.FlunderSpec{}) {
				created, err = beta.Create(t.Context(), &v1beta1.Flunder{ObjectMeta: meta, Spec: test.beta}, metav1.CreateOptions{})
			} else {
				created, err = alpha.Create(t.Context(), &v1alpha1.Flunder{ObjectMeta: meta, Spec: test.alpha}, metav1.CreateOptions{})
			}
			if err != nil {
				t.Fatal(err)
			}
			older, err := alpha.Get(t.Context(), created.GetName(), metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			newer, err := beta.Get(t.Context(), created.GetName(), metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.wantAlpha, older.Spec); diff != "" {
				t.Errorf("in v1alpha1 (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.wantBeta, newer.Spec); diff != "" {
				t.Errorf("in v1beta1 (-want +got):\n%s", diff)
			}
			if err := alpha.Delete(t.Context(), created.GetName(), metav1.DeleteOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestWardleFlunderInvalid expects upstream's words, which speak of the fields of v1beta1.
func TestWardleFlunderInvalid(t *testing.T) {
	clientset := newClientset(t)
	tests := map[string]struct {
		alpha v1alpha1.FlunderSpec
		beta  v1beta1.FlunderSpec
		want  string
	}{
		"a type alone in v1alpha1": {
			alpha: alphaSpec("", v1alpha1.FischerReferenceType),
			want:  `spec.fischerReference: Invalid value: "": cannot be empty if referenceType is Fischer`,
		},
		"the other type alone in v1alpha1": {
			alpha: alphaSpec("", v1alpha1.FlunderReferenceType),
			want:  `spec.flunderReference: Invalid value: "": cannot be empty if referenceType is Flunder`,
		},
		"two references": {
			beta: v1beta1.FlunderSpec{FlunderReference: "a", FischerReference: "b", ReferenceType: flunder},
			want: `spec.fischerReference: Invalid value: "b": cannot be set with flunderReference at the same time`,
		},
		"a flunder of the other type": {
			beta: v1beta1.FlunderSpec{FlunderReference: "a", ReferenceType: fischer},
			want: `spec.flunderReference: Invalid value: "a": cannot be set if referenceType is not Flunder`,
		},
		"a fischer without a type": {
			beta: v1beta1.FlunderSpec{FischerReference: "a"},
			want: `spec.fischerReference: Invalid value: "a": cannot be set if referenceType is not Fischer`,
		},
		"an unknown type": {
			beta: v1beta1.FlunderSpec{ReferenceType: "Cod"},
			want: `spec.referenceType: Invalid value: "Cod": must be Flunder or Fischer`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			meta := metav1.ObjectMeta{GenerateName: "test-"}
			var err error
			if test.beta != (v1beta1.FlunderSpec{}) {
				_, err = clientset.WardleV1beta1().Flunders(metav1.NamespaceDefault).
					Create(t.Context(), &v1beta1.Flunder{ObjectMeta: meta, Spec: test.beta}, metav1.CreateOptions{})
			} else {
				_, err = clientset.WardleV1alpha1().Flunders(metav1.NamespaceDefault).
					Create(t.Context(), &v1alpha1.Flunder{ObjectMeta: meta, Spec: test.alpha}, metav1.CreateOptions{})
			}
			if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("created with %v, want %s", err, test.want)
			}
		})
	}
}

func newClientset(t *testing.T) versioned.Interface {
	t.Helper()
	clientset, err := versioned.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return clientset
}

func alphaSpec(reference string, referenceType v1alpha1.ReferenceType) v1alpha1.FlunderSpec {
	return v1alpha1.FlunderSpec{Reference: reference, ReferenceType: &referenceType}
}
