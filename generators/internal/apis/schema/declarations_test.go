package schema

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/apiserver-builder/builder/generators/diagnostics"
)

// TestDeclarations puts markers that cannot be honored on a field each, and checks the errors.
func TestDeclarations(t *testing.T) {
	tests := []struct{ marker, goType, want string }{
		{"+k8s:eachVal=+k8s:maxLength=5", "string", "+k8s:eachVal is for lists and maps that are written out where it stands: write it above the named type"},
		{"+k8s:eachVal=+k8s:minimum=5", "[]string", `must apply minimum to a numeric value, found string`},
		{"+k8s:eachVal=+k8s:immutable", "[]string", "+k8s:immutable can't be the value of another marker here: write +kubebuilder:validation:XValidation"},
		{"+k8s:eachVal=+k8s:format=k8s-ip", "[]string", "+k8s:format=k8s-ip is none of k8s-label-value, k8s-long-name, k8s-path-segment-name, k8s-resource-pool-name, k8s-short-name, k8s-uuid: write +kubebuilder:validation:Pattern or Format"},
		{"+k8s:eachKey=+k8s:minLength=5", "[]string", `+k8s:eachKey is for a map, not for a value of type "array"`},
		{"+k8s:eachKey=+k8s:minLength=five", "map[string]string", `+k8s:minLength: "five" is not a number`},
		{"+k8s:maxBytes=5", "int32", `+k8s:maxBytes is for a string, not for a value of type "integer"`},
		{"+k8s:monotonic", "string", `+k8s:monotonic is for an integer, not for a value of type "string"`},
		{"+k8s:neq=true", "int32", `+k8s:neq=true: no value of type "integer" is equal to that`},
		{"+k8s:unique=set", "string", `+k8s:unique is for a list, not for a value of type "string"`},
		{"+k8s:unique=map", "[]string", "+k8s:unique can only be +k8s:unique=set here: write +listType=map, or +kubebuilder:validation:XValidation with a rule on the list"},
		{`+k8s:item(name: "a")=+k8s:immutable`, "[]AppleSpec", "+k8s:immutable can't be the value of another marker here: write +kubebuilder:validation:XValidation"},
		{"+k8s:subfield(color)=+k8s:immutable", "*AppleSpec", "+k8s:immutable can't be the value of another marker here: write +kubebuilder:validation:XValidation"},
		{"+k8s:subfield(colour)=+k8s:required", "*v1.Place", "+k8s:subfield(colour) names no field of Place in JSON"},
		{"+k8s:subfield(colour)=+k8s:required", "string", `+k8s:subfield is for a struct, not for a value of type "string"`},
		{"+k8s:update=NoEdit", "string", "+k8s:update=NoEdit is none of NoSet, NoUnset, NoModify, NoAddItem, NoRemoveItem"},
		{"+k8s:update=NoModify", "[]string", "+k8s:update=NoModify does not fit the type of f19: NoModify is for all but lists and maps, NoAddItem and NoRemoveItem are for these"},
		{"+k8s:update=NoAddItem", "string", "+k8s:update=NoAddItem does not fit the type of f20: NoModify is for all but lists and maps, NoAddItem and NoRemoveItem are for these"},
		{"+k8s:dependentRequired(nothing)", "string", "+k8s:dependentRequired(nothing) names no other field of Wrong in JSON"},
		{"+k8s:unionDiscriminator", "int32", `+k8s:unionDiscriminator is for a string, not for a value of type "integer"`},
		{"+optional\n\t// +k8s:unionMember\n\tShown string `json:\"shown\"`\n\n\t// +optional", "string", "+k8s:unionMember is for fields that may be left out, and shown may not: write +optional above it, and omitempty in its tag"},
		{"+required\n\t// +k8s:forbidden", "string", "+k8s:forbidden is for fields that may be left out, and f24 may not: write +optional above it, and omitempty in its tag"},
	}
	var fields, want strings.Builder
	for i, test := range tests {
		fmt.Fprintf(&fields, "\t// %s\n\tF%d %s `json:\"f%[2]d,omitempty\"`\n", test.marker, i+3, test.goType)
		fmt.Fprintln(&want, test.want)
	}
	_, err := read(t, "// Apple is a fruit.", "type Wrong struct {\n"+fields.String()+"}\n\n// Apple is a fruit.", "Spec AppleSpec", "Wrong Wrong `json:\"wrong,omitempty\"`\n\tSpec AppleSpec")
	var problems diagnostics.List
	if !errors.As(err, &problems) {
		t.Fatalf("the error is %v, not Diagnostics", err)
	}
	var got strings.Builder
	for _, p := range problems {
		fmt.Fprintln(&got, p.Message)
	}
	if diff := cmp.Diff(want.String(), got.String()); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}
