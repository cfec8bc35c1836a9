package server

import (
	"cmp"

	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/internal/apis"
)

// Options is a type of query parameters.
type Options struct {
	Name       string
	Parameters []Parameter
}

// A Parameter is a query parameter.
type Parameter struct {
	// Field is the name of the field, Name the name in the URL, and Doc the description.
	Field, Name, Doc string
	// Convert is the function that converts a list of strings to the type of the field.
	Convert string
}

// conversions contains the function that converts a list of strings, by type. It has the types that OpenAPI can describe as a parameter.
var conversions = map[string]string{
	"string": "runtime.Convert_Slice_string_To_string", "bool": "runtime.Convert_Slice_string_To_bool",
	"*bool": "runtime.Convert_Slice_string_To_Pointer_bool", "int": "runtime.Convert_Slice_string_To_int",
	"int64": "runtime.Convert_Slice_string_To_int64", "*int64": "runtime.Convert_Slice_string_To_Pointer_int64",
	"[]string": listConversion, "*k8s.io/apimachinery/pkg/apis/meta/v1.Time": timeConversion,
}

const (
	listConversion = "listParameter"
	timeConversion = "metav1.Convert_Slice_string_To_Pointer_v1_Time"
)

// options adds a type of query parameters to a version, and reports the fields that cannot be one.
func (r *reader) options(v *GroupVersion, name string) {
	t := r.universe[v.ImportPath].Types[name]
	if t == nil {
		return // checkSubresource reports it
	}
	options := Options{Name: name}
	for _, m := range t.Members {
		if m.Type.Name == (types.Name{Package: "k8s.io/apimachinery/pkg/apis/meta/v1", Name: "TypeMeta"}) {
			continue
		}
		p := Parameter{Field: m.Name, Name: apis.TagOf(m).Name, Doc: apis.Summary(m), Convert: conversions[m.Type.String()]}
		switch {
		case p.Name == "":
			r.problem(r.packages.Position(t.Name, m.Name), "the field %s of %s has no name in JSON, which a query parameter needs: give it one", m.Name, name)
		case p.Convert == "":
			r.problem(r.packages.Position(t.Name, m.Name), "the field %s of %s has the type %s, which a query parameter cannot have: use string, bool, int, int64, a pointer to bool or int64, []string or *metav1.Time",
				m.Name, name, cmp.Or(m.Type.Name.Name, m.Type.String()))
		}
		options.Parameters = append(options.Parameters, p)
	}
	v.Options = append(v.Options, options)
}

// HasLists reports whether a query parameter of the version is a list.
func (v *GroupVersion) HasLists() bool { return v.converts(listConversion) }

// HasTimes reports whether a query parameter of the version is a time.
func (v *GroupVersion) HasTimes() bool { return v.converts(timeConversion) }

func (v *GroupVersion) converts(function string) bool {
	for _, o := range v.Options {
		for _, p := range o.Parameters {
			if p.Convert == function {
				return true
			}
		}
	}
	return false
}
