package apiserver

// fuzzers restrict the random objects of the generated tests to meaningful ones. Add one function for each type, for example:
//
//	func(in *v1alpha1.AppleSpec, c randfill.Continue) {
//		c.FillNoCustom(in)
//		in.Message = strings.ToLower(in.Message)
//	}
var fuzzers []any
