package apis

import (
	"encoding/json"
	"reflect"
	"strings"

	crdmarkers "sigs.k8s.io/controller-tools/pkg/crd/markers"

	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/internal/markers"
)

// DefaultOf returns the marker that defines the default of a field, and the default as JSON or as ref(constant). +kubebuilder:default and
// +default have the same meaning, but +kubebuilder:default uses the syntax of controller-tools.
func (m *Model) DefaultOf(s Set, t *types.Type) (*markers.Marker, string) {
	if marker := s.First("default"); marker != nil {
		_, text, _ := strings.Cut(marker.Text, "=")
		return marker, text
	}
	marker := s.First("kubebuilder:default")
	if marker == nil {
		return nil, ""
	}
	return marker, m.defaultText(marker, t)
}

// defaultText returns the value of a +kubebuilder:default as JSON.
func (m *Model) defaultText(marker *markers.Marker, t *types.Type) string {
	value, _ := m.Registry.Parse(*marker).(crdmarkers.Default)
	text, err := json.Marshal(value.Value)
	if err != nil { // every value that the marker's syntax allows has a form in JSON
		return "null"
	}
	if string(text) == "{}" && JSONForm(Resolve(t)) == "a list" {
		return "[]"
	}
	return string(text)
}

// SameDefault reports whether the +default and the +kubebuilder:default of a field have the same value. pkg is the field's package, which
// ref(constant) refers to.
func (m *Model) SameDefault(s Set, t *types.Type, pkg string) bool {
	_, text := m.DefaultOf(s, t)
	if name, ok := strings.CutPrefix(text, "ref("); ok {
		name = strings.TrimSuffix(name, ")")
		constant := m.Universe[pkg].Constants[name]
		if constant == nil || constant.ConstValue == nil {
			return strings.Contains(name, ".") // the constant's package may not be loaded
		}
		text = *constant.ConstValue
	}
	var a, b any
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		a = text // the value of a string constant
	}
	if err := json.Unmarshal([]byte(m.defaultText(s.First("kubebuilder:default"), t)), &b); err != nil {
		return false
	}
	return reflect.DeepEqual(a, b)
}

// HasDefault reports whether a marker defines a default for a field of a type, in the project or in another module.
func (m *Model) HasDefault(owner types.Name, field types.Member) bool {
	marker, _ := m.DefaultOf(m.MarkersOf(owner, field.Name), field.Type)
	return marker != nil || len(TagValues(field.CommentLines, "default")) > 0
}

// SchemaType returns the OpenAPI type of a Go type, or "" if it is unknown.
func SchemaType(t *types.Type) string {
	switch JSONForm(t) {
	case "an object":
		return "object"
	case "a list":
		return "array"
	case "a string":
		return "string"
	case "a boolean":
		return "boolean"
	case "a number":
		if strings.HasPrefix(t.Name.Name, "float") {
			return "number"
		}
		return "integer"
	}
	return ""
}

// JSONForm describes the JSON of a Go type, such as "a list", or returns "" if it is unknown.
func JSONForm(t *types.Type) string {
	switch t.Kind {
	case types.Struct, types.Map:
		return "an object"
	case types.Slice, types.Array:
		if t.Elem.Name.Name == "byte" || t.Elem.Name.Name == "uint8" {
			return "a string"
		}
		return "a list"
	case types.Builtin:
		switch name := t.Name.Name; {
		case name == "string":
			return "a string"
		case name == "bool":
			return "a boolean"
		case strings.Contains(name, "int") || strings.HasPrefix(name, "float"):
			return "a number"
		}
	}
	return ""
}
