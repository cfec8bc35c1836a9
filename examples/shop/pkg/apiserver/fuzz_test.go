package apiserver

// fuzzers narrow the random objects of TestRoundTrip down to those that make sense: one function for a type, which looks like
//
//	func(in *v1alpha1.AppleSpec, c randfill.Continue) {
//		c.FillNoCustom(in)
//		in.Message = strings.ToLower(in.Message)
//	}
var fuzzers []any
