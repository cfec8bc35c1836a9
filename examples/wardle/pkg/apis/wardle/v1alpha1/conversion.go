package v1alpha1

import (
	"k8s.io/apimachinery/pkg/conversion"
	"k8s.io/utils/ptr"

	"example.com/wardle/pkg/apis/wardle/v1beta1"
)

// Convert_v1alpha1_FlunderSpec_To_v1beta1_FlunderSpec puts the reference into the field of its type, which defaulting has set. A
// type that is neither is dropped, as it is upstream.
func Convert_v1alpha1_FlunderSpec_To_v1beta1_FlunderSpec(in *FlunderSpec, out *v1beta1.FlunderSpec, _ conversion.Scope) error {
	switch ptr.Deref(in.ReferenceType, "") {
	case FlunderReferenceType:
		out.ReferenceType, out.FlunderReference = v1beta1.FlunderReferenceType, in.Reference
	case FischerReferenceType:
		out.ReferenceType, out.FischerReference = v1beta1.FischerReferenceType, in.Reference
	}
	return nil
}

// Convert_v1beta1_FlunderSpec_To_v1alpha1_FlunderSpec takes the reference from the field of its type.
func Convert_v1beta1_FlunderSpec_To_v1alpha1_FlunderSpec(in *v1beta1.FlunderSpec, out *FlunderSpec, _ conversion.Scope) error {
	switch in.ReferenceType {
	case v1beta1.FlunderReferenceType:
		out.ReferenceType, out.Reference = new(FlunderReferenceType), in.FlunderReference
	case v1beta1.FischerReferenceType:
		out.ReferenceType, out.Reference = new(FischerReferenceType), in.FischerReference
	}
	return nil
}
