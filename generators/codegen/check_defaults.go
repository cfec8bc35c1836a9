package codegen

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	crdmarkers "sigs.k8s.io/controller-tools/pkg/crd/markers"

	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/markers"
)

// defaultOf is the marker that gives a field its default, and the default as JSON or as ref(constant). +kubebuilder:default and
// +default mean the same; the former is written as controller-tools has it.
func (p *Packages) defaultOf(s set, t *types.Type) (*markers.Marker, string) {
	if m := s.first("default"); m != nil {
		_, text, _ := strings.Cut(m.Text, "=")
		return m, text
	}
	m := s.first("kubebuilder:default")
	if m == nil {
		return nil, ""
	}
	value, _ := p.registry.Parse(*m).(crdmarkers.Default)
	text, err := json.Marshal(value.Value)
	if err != nil { // what is parsed from a line of text has a form in JSON
		return m, "null"
	}
	if string(text) == "{}" && jsonForm(resolve(t)) == "a list" {
		return m, "[]"
	}
	return m, string(text)
}

// defaults checks the default of a field.
func (c *markerCheck) defaults(field types.Member, name string) {
	if m := c.set.first("kubebuilder:default"); m != nil && c.set.first("default") != nil {
		c.add(m, "%s has both +default and +kubebuilder:default, which mean the same: take one of the two out", name)
		return
	}
	m, text := c.packages.defaultOf(c.set, field.Type)
	if m == nil {
		return
	}
	if what := badDefault(field, m.Text, text); what != "" {
		c.add(m, "%s: %s", name, what)
	}
}

// badDefault says what is wrong with the default that a marker gives a field as JSON, or "".
func badDefault(m types.Member, marker, text string) string {
	if strings.HasPrefix(text, "ref(") {
		return ""
	}
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return fmt.Sprintf("the value of %s must be JSON; strings go in double quotes", marker)
	}
	base := resolve(m.Type)
	if m.Type.Methods["UnmarshalJSON"] != nil || base.Methods["UnmarshalJSON"] != nil {
		return ""
	}
	if want := jsonForm(base); want != "" && want != formOf(value) {
		return fmt.Sprintf("%s is %s, but the field is %s", marker, formOf(value), want)
	}
	if number, ok := value.(float64); ok && schemaType(base) == "integer" && number != math.Trunc(number) {
		return marker + " is not a whole number, but the field is an " + base.Name.Name
	}
	// A field that is always written can't tell unset from zero, so a default would never be seen in it.
	if m.Type.Kind == types.Pointer || omitsEmpty(m) && base.Kind != types.Struct {
		return ""
	}
	switch {
	case base.Kind == types.Struct && len(text) > 2:
		return "a struct that is no pointer can only have the default {}: make it a pointer, or give its fields defaults"
	case base.Kind == types.Builtin && value != nil && !reflect.ValueOf(value).IsZero():
		return "a default needs omitempty in the field's json tag, or a pointer"
	}
	return ""
}

func omitsEmpty(m types.Member) bool { return omits(m, "omitempty") }

// omits says whether a field's json tag has an option: omitempty or omitzero.
func omits(m types.Member, option string) bool {
	_, options, _ := strings.Cut(reflect.StructTag(m.Tags).Get("json"), ",")
	return slices.Contains(strings.Split(options, ","), option)
}

// jsonForm is the form that a type has in JSON, or "" if that can't be told.
func jsonForm(t *types.Type) string {
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

func formOf(value any) string {
	switch value.(type) {
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case float64:
		return "a number"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return "null"
}
