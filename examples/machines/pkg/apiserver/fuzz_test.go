package apiserver

// fuzzers restrict the random values that the generated tests use. If some values of a type are not meaningful, add a function for that
// type, for example:
//
//	func(in *v1alpha1.AppleStatus, c randfill.Continue) {
//		c.FillNoCustom(in)
//		in.Conditions = nil
//	}
var fuzzers []any
