package checks

import (
	gotypes "go/types"

	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/diagnostics"
	"github.com/apiserver-builder/builder/generators/internal/apis"
)

// compared contains the types that equality.Semantic of apimachinery has a function for, so their fields do not matter.
var compared = map[string]bool{
	"k8s.io/apimachinery/pkg/api/resource.Quantity":  true,
	"k8s.io/apimachinery/pkg/apis/meta/v1.MicroTime": true,
	"k8s.io/apimachinery/pkg/apis/meta/v1.Time":      true,
	"k8s.io/apimachinery/pkg/apis/meta/v1.FieldsV1":  true,
}

// unexported rejects unexported fields of a struct with values. equality.Semantic.DeepEqual, which apiservers compare objects with, panics
// at them.
func (c *checker) unexported(owner types.Name, fields *gotypes.Struct) diagnostics.List {
	var problems diagnostics.List
	for i := range fields.NumFields() {
		field := fields.Field(i)
		if field.Exported() || field.Embedded() || !hasValues(field.Type(), map[gotypes.Type]bool{}) {
			continue
		}
		tag := apis.ParseTag(fields.Tag(i))
		// The method fields reports an unexported field that should be in JSON, and a blank field with a tag.
		inJSON := !tag.Ignored && !c.ownForm(c.Universe.Type(owner).GoType)
		switch {
		case field.Name() == "_" && (!inJSON || !tag.Tagged):
			problems.Add(c.Position(owner, "_"), "Kubernetes compares objects field by field, and panics at a blank field of %s: make it a struct{}, or take it out", owner.Name)
		case !inJSON:
			problems.Add(c.Position(owner, field.Name()), "field %s of %s: Kubernetes compares objects field by field, and panics at a field that is not exported: begin its name with a capital letter, or take it out",
				field.Name(), owner.Name)
		}
	}
	return problems
}

// hidden returns the name of an unexported field with values in a struct of another package, at any depth, or "".
func hidden(t gotypes.Type) string { return hiddenIn(t, map[gotypes.Type]bool{}) }

func hiddenIn(t gotypes.Type, seen map[gotypes.Type]bool) string {
	if named, ok := gotypes.Unalias(t).(*gotypes.Named); ok {
		if seen[named] || named.Obj().Pkg() != nil && compared[named.Obj().Pkg().Path()+"."+named.Obj().Name()] {
			return ""
		}
		seen[named] = true
	}
	switch u := t.Underlying().(type) {
	case interface{ Elem() gotypes.Type }: // a pointer, a list, an array or a map
		return hiddenIn(u.Elem(), seen)
	case *gotypes.Struct:
		for i := range u.NumFields() {
			field := u.Field(i)
			if !field.Exported() && hasValues(field.Type(), map[gotypes.Type]bool{}) {
				return field.Name()
			}
			if name := hiddenIn(field.Type(), seen); name != "" {
				return name
			}
		}
	}
	return ""
}

// hasValues reports whether a type has more than one value, as far as a comparison is concerned.
func hasValues(t gotypes.Type, seen map[gotypes.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	switch u := t.Underlying().(type) {
	case *gotypes.Array:
		return u.Len() > 0 && hasValues(u.Elem(), seen)
	case *gotypes.Struct:
		for i := range u.NumFields() {
			if hasValues(u.Field(i).Type(), seen) {
				return true
			}
		}
		return false
	case interface{ Elem() gotypes.Type }:
		return hasValues(u.Elem(), seen)
	}
	return true
}
