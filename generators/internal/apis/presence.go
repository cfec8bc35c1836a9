package apis

import (
	"slices"

	"k8s.io/gengo/v2/types"
)

// Presence returns the marker +optional or +required that Kubernetes' generators need for a field, if the field lacks it and its other
// markers imply it, and "" otherwise. In an optionalPackage, fields are optional unless a marker makes them required. The markers mean the
// same as for controller-tools.
func Presence(own Set, field types.Member, optionalPackage bool) string {
	switch {
	case JSONName(field) == "" || own.First("optional", "required") != nil || presence(field.CommentLines) != "":
		return ""
	case own.First("k8s:optional", "kubebuilder:validation:Optional") != nil:
		return "+optional"
	case own.First("k8s:required", "kubebuilder:validation:Required") != nil:
		return "+required"
	case optionalPackage || TagOf(field).OmitZero:
		return "+optional"
	}
	return ""
}

// OptionalPackage reports whether a marker makes all fields of a package optional by default.
func (m *Model) OptionalPackage(pkg string) bool {
	return m.SetOf(m.PackageMarkers(pkg)).First("kubebuilder:validation:Optional") != nil
}

// Optional reports whether a field of a type is optional in OpenAPI.
func (m *Model) Optional(owner types.Name, field types.Member) bool {
	line := Presence(m.MarkersOf(owner, field.Name), field, m.OptionalPackage(owner.Package))
	switch presence(append(slices.Clone(field.CommentLines), line)) {
	case "+optional":
		return true
	case "+required":
		return false
	}
	return TagOf(field).OmitEmpty
}

// presence returns the marker +optional or +required in a field's comment, or "". The fields of "type Apple v1.Apple" have the comments of
// v1.Apple's fields.
func presence(comments []string) string {
	i := slices.IndexFunc(comments, func(line string) bool { return line == "+optional" || line == "+required" })
	if i < 0 {
		return ""
	}
	return comments[i]
}
