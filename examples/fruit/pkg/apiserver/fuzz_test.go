package apiserver

// fuzzers restrict the random objects of the generated tests to meaningful ones. Add one function for each type, for example:
//
//	func(in *v1alpha1.AppleStatus, c randfill.Continue) {
//		c.FillNoCustom(in)
//		in.Conditions = nil
//	}
var fuzzers []any
