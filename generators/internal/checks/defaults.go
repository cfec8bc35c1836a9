package checks

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/internal/apis"
)

// defaults checks the default of a field of the type t.
func (c *markerCheck) defaults(t *types.Type, field types.Member, name string) {
	if m := c.set.First("kubebuilder:default"); m != nil && c.set.First("default") != nil && !c.checker.SameDefault(c.set, field.Type, t.Name.Package) {
		c.add(m, "+default and +kubebuilder:default give %s different defaults: take one of the two out", name)
		return
	}
	m, text := c.checker.DefaultOf(c.set, field.Type)
	if m == nil {
		return
	}
	if what := badDefault(field, m.Text, text); what != "" {
		c.add(m, "%s: %s", name, what)
	}
}

// badDefault returns the error of a field's default, which is given as JSON, or "".
func badDefault(m types.Member, marker, text string) string {
	if strings.HasPrefix(text, "ref(") {
		return ""
	}
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return fmt.Sprintf("the value of %s must be JSON; strings go in double quotes", marker)
	}
	base := apis.Resolve(m.Type)
	if known := ownForms[base.Name.String()]; known != nil {
		if err := json.Unmarshal([]byte(text), known()); err != nil {
			return fmt.Sprintf("%s is not a value of %s", marker, base.Name.Name)
		}
	}
	if m.Type.Methods["UnmarshalJSON"] != nil || base.Methods["UnmarshalJSON"] != nil {
		if kind := apis.Unalias(m.Type).Kind; kind != types.Pointer && base.Kind == types.Builtin {
			return fmt.Sprintf("a default of a %s, which has a custom JSON encoding, needs a pointer: use *%[1]s", base.Name.Name)
		}
		return ""
	}
	if want := apis.JSONForm(base); want != "" && want != formOf(value) {
		return fmt.Sprintf("%s is %s, but the field is %s", marker, formOf(value), want)
	}
	if number, ok := value.(float64); ok && apis.SchemaType(base) == "integer" && number != math.Trunc(number) {
		return marker + " is not a whole number, but the field is an " + base.Name.Name
	}
	if what := mismatch(value, base); what != "" {
		return fmt.Sprintf("%s has %s", marker, what)
	}
	return ""
}

// ownForms creates values of the types with their own JSON encoding whose defaults can be checked here.
var ownForms = map[string]func() any{
	"k8s.io/apimachinery/pkg/api/resource.Quantity":   func() any { return &resource.Quantity{} },
	"k8s.io/apimachinery/pkg/util/intstr.IntOrString": func() any { return &intstr.IntOrString{} },
	"k8s.io/apimachinery/pkg/apis/meta/v1.Duration":   func() any { return &metav1.Duration{} },
	"k8s.io/apimachinery/pkg/apis/meta/v1.Time":       func() any { return &metav1.Time{} },
	"k8s.io/apimachinery/pkg/apis/meta/v1.MicroTime":  func() any { return &metav1.MicroTime{} },
}

// mismatch returns the reason why a default does not match its type, or "".
func mismatch(value any, t *types.Type) string {
	t = apis.Resolve(t)
	if t.Methods["UnmarshalJSON"] != nil {
		return ""
	}
	if want := apis.JSONForm(t); want != "" && value != nil && want != formOf(value) {
		return fmt.Sprintf("%s for %s", formOf(value), want)
	}
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			if what := mismatch(element, t.Elem); what != "" {
				return what
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			element := t.Elem
			if t.Kind == types.Struct {
				field, ok := apis.JSONField(t, name)
				if !ok {
					return fmt.Sprintf("%q, which is not a field of %s", name, t.Name.Name)
				}
				element = field.Type
			}
			if element == nil {
				continue
			}
			if what := mismatch(value[name], element); what != "" {
				return what
			}
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
