// Package flunder is how flunders.wardle.example.com are validated, stored and shown.
package flunder

import (
	"context"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"example.com/wardle/pkg/apis/wardle/v1alpha1"
)

// Strategy decides what happens to a Flunder on its way into storage. The embedded base does what every kind needs;
// declare one of its methods here, such as Validate, to add to it.
type Strategy struct{ base }

// Validate checks that a reference has a known type, and a type a reference. As upstream's, it looks at new flunders only.
func (Strategy) Validate(_ context.Context, flunder, old *Flunder) field.ErrorList {
	spec, path := flunder.Spec, field.NewPath("spec")
	if old != nil || spec.ReferenceType == nil {
		return nil
	}
	switch *spec.ReferenceType {
	case v1alpha1.FlunderReferenceType, v1alpha1.FischerReferenceType:
		if spec.Reference == "" {
			return field.ErrorList{field.Invalid(path.Child("reference"), spec.Reference, "cannot be empty if referenceType is "+string(*spec.ReferenceType))}
		}
		return nil
	}
	return field.ErrorList{field.Invalid(path.Child("referenceType"), *spec.ReferenceType, "must be Flunder or Fischer")}
}
