// Package flunder implements the validation, storage and table output of flunders.wardle.example.com.
package flunder

import (
	"context"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Strategy customizes how objects of kind Flunder are prepared, validated and stored.
type Strategy struct{ base }

// Validate checks that a Flunder refers to one object at most, and to one of its reference type. As upstream's, it looks at
// new flunders only.
func (Strategy) Validate(_ context.Context, flunder, old *Flunder) (errs field.ErrorList) {
	if old != nil {
		return nil
	}
	spec, path := flunder.Spec, field.NewPath("spec")
	isFlunder, isFischer := spec.ReferenceType == FlunderReferenceType, spec.ReferenceType == FischerReferenceType
	switch {
	case spec.FlunderReference != "" && spec.FischerReference != "":
		errs = append(errs, field.Invalid(path.Child("fischerReference"), spec.FischerReference, "cannot be set with flunderReference at the same time"))
	case spec.FlunderReference != "" && !isFlunder:
		errs = append(errs, field.Invalid(path.Child("flunderReference"), spec.FlunderReference, "cannot be set if referenceType is not Flunder"))
	case spec.FischerReference != "" && !isFischer:
		errs = append(errs, field.Invalid(path.Child("fischerReference"), spec.FischerReference, "cannot be set if referenceType is not Fischer"))
	case spec.FischerReference == "" && isFischer:
		errs = append(errs, field.Invalid(path.Child("fischerReference"), "", "cannot be empty if referenceType is Fischer"))
	case spec.FlunderReference == "" && isFlunder:
		errs = append(errs, field.Invalid(path.Child("flunderReference"), "", "cannot be empty if referenceType is Flunder"))
	}
	if spec.ReferenceType != "" && !isFlunder && !isFischer {
		errs = append(errs, field.Invalid(path.Child("referenceType"), spec.ReferenceType, "must be Flunder or Fischer"))
	}
	return errs
}
