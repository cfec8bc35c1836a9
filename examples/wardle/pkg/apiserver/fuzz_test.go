package apiserver

import (
	"sigs.k8s.io/randfill"

	"example.com/wardle/pkg/apis/wardle/v1alpha1"
	"example.com/wardle/pkg/apis/wardle/v1beta1"
)

// fuzzers narrow the random objects of TestRoundTrip down to those that make sense: a flunder refers to one object at most, and
// says of which type.
var fuzzers = []any{
	func(in *v1alpha1.FlunderSpec, c randfill.Continue) {
		c.FillNoCustom(in)
		if in.ReferenceType != nil {
			types := []v1alpha1.ReferenceType{v1alpha1.FlunderReferenceType, v1alpha1.FischerReferenceType}
			*in.ReferenceType = types[c.Intn(len(types))]
		}
	},
	func(in *v1beta1.FlunderSpec, c randfill.Continue) {
		c.FillNoCustom(in)
		switch {
		case in.FlunderReference != "":
			in.FischerReference, in.ReferenceType = "", v1beta1.FlunderReferenceType
		case in.FischerReference != "":
			in.ReferenceType = v1beta1.FischerReferenceType
		default:
			in.ReferenceType = ""
		}
	},
}
