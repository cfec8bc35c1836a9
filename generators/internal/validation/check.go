package validation

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	apiextensionsvalidation "k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apiserver/pkg/cel/environment"
	"k8s.io/gengo/v2/types"
	"k8s.io/kube-openapi/pkg/validation/spec"
)

// The kinds of values, with regard to their constraints.
const (
	kindString      = "string"
	kindNumber      = "number"
	kindBool        = "boolean"
	kindList        = "list"
	kindMap         = "map"
	kindStruct      = "struct"
	kindBytes       = "bytes"
	kindIntOrString = "int-or-string"
	kindDuration    = "duration"
	kindOpaque      = "opaque" // it has its own JSON encoding
)

// kind returns the kind of a value.
func (v *value) kind() string {
	switch {
	case v.typ.Name == (types.Name{Package: "k8s.io/apimachinery/pkg/util/intstr", Name: "IntOrString"}):
		return kindIntOrString
	case v.typ.Name == (types.Name{Package: "k8s.io/apimachinery/pkg/apis/meta/v1", Name: "Duration"}) && !v.schemaless():
		return kindDuration
	case marshalsItself(v.declared) || marshalsItself(v.typ) || v.schemaless():
		return kindOpaque
	}
	switch v.typ.Kind {
	case types.Builtin:
		switch v.typ.Name.Name {
		case "string":
			return kindString
		case "bool":
			return kindBool
		}
		return kindNumber
	case types.Slice, types.Array:
		if isBytes(v.typ) {
			return kindBytes
		}
		return kindList
	case types.Map:
		return kindMap
	case types.Struct:
		return kindStruct
	}
	return kindOpaque
}

// A constraint is a constraint that a schema can have, and the kinds of values that it can be checked on.
type constraint struct {
	marker string
	set    func(limits) bool
	of     []string
}

// constraints contains all constraints of schemas except the type, which a Go value always matches.
var constraints = []constraint{
	{"MinLength", func(l limits) bool { return l.MinLength != nil }, []string{kindString, kindIntOrString, kindBytes}},
	{"MaxLength", func(l limits) bool { return l.MaxLength != nil }, []string{kindString, kindIntOrString, kindBytes}},
	{"Pattern", func(l limits) bool { return l.Pattern != "" }, []string{kindString, kindIntOrString, kindDuration}},
	{"Minimum", func(l limits) bool { return l.Minimum != nil }, []string{kindNumber}},
	{"Maximum", func(l limits) bool { return l.Maximum != nil }, []string{kindNumber}},
	{"MultipleOf", func(l limits) bool { return l.MultipleOf != nil }, []string{kindNumber}},
	{"Enum", func(l limits) bool { return len(l.Enum) > 0 }, []string{kindString, kindNumber}},
	{"MinItems", func(l limits) bool { return l.MinItems != nil }, []string{kindList}},
	{"MaxItems", func(l limits) bool { return l.MaxItems != nil }, []string{kindList}},
	{"UniqueItems", func(l limits) bool { return l.UniqueItems }, []string{kindList}},
	{"MinProperties", func(l limits) bool { return l.MinProperties != nil }, []string{kindMap, kindStruct}},
	{"MaxProperties", func(l limits) bool { return l.MaxProperties != nil }, []string{kindMap, kindStruct}},
}

// checked reports whether a constraint is set and applies to the value.
func (v *value) checked(c constraint, l limits) bool {
	return c.set(l) && slices.Contains(c.of, v.kind())
}

// limited reports whether the limits need any code.
func (v *value) limited(l limits) bool {
	return slices.ContainsFunc(constraints, func(c constraint) bool { return v.checked(c, l) }) ||
		v.kind() == kindList && v.keyed(l) || v.kind() == kindString && format(l) != ""
}

// keyed reports whether items must be unique: in a set the items, in a map their keys.
func (v *value) keyed(l limits) bool {
	return l.XListType != nil && (*l.XListType == "set" || *l.XListType == "map")
}

// format returns the format to check for a string, or "".
func format(l limits) string {
	if l.Format == "password" { // every string is valid
		return ""
	}
	return l.Format
}

// check reports constraints that do not apply to the value.
func (r *reader) check(v *value) {
	for _, l := range v.limits {
		marker := func(name string) string { return "+kubebuilder:validation:" + l.prefix + name }
		if l.at.field == "" && (v.kind() == kindOpaque || v.kind() == kindDuration) && r.packages.Position(l.at.owner, "").Filename == "" {
			continue // a well-known type of another module, which validates itself
		}
		for _, c := range constraints {
			if c.set(l) && !v.checked(c, l) {
				r.problem(l.at, marker(c.marker), "%s can't be checked on the Go type %s: use another type, or a Validate method", c.marker, v.declared.Name)
			}
		}
		r.checkValues(v, l, marker)
	}
}

// checkValues reports invalid values of constraints.
func (r *reader) checkValues(v *value, l limits, marker func(string) string) {
	switch pattern, err := regexp.Compile(l.Pattern); {
	case err != nil:
		r.problem(l.at, marker("Pattern"), "the pattern is not valid: %v", err)
	case v.kind() == kindDuration && !pattern.MatchString("1h30m0s"):
		r.problem(l.at, marker("Pattern"), "the pattern does not match 1h30m0s, which is how the server writes 90m: change it so that it does")
	}
	if v.kind() == kindString {
		unknown := apiextensionsvalidation.GetUnrecognizedFormats(&spec.Schema{SchemaProps: spec.SchemaProps{Type: []string{"string"}, Format: l.Format}}, environment.DefaultCompatibilityVersion())
		if len(unknown) > 0 {
			r.problem(l.at, marker("Format"), "there is no format %q that can be checked", l.Format)
		}
	}
	if v.kind() == kindNumber {
		r.checkNumbers(v, l, marker)
	}
	for _, raw := range l.Enum {
		var allowed any
		err := json.Unmarshal(raw.Raw, &allowed)
		_, text := allowed.(string)
		_, number := allowed.(float64)
		if err != nil || v.kind() == kindString && !text || v.kind() == kindNumber && !number {
			r.problem(l.at, marker("Enum"), "Enum has %s, which is not a value of the Go type %s", raw.Raw, v.declared.Name)
		}
	}
}

// checkNumbers reports bounds that are outside the type's range.
func (r *reader) checkNumbers(v *value, l limits, marker func(string) string) {
	least, most := bounds(v.typ)
	if l.Minimum != nil && *l.Minimum > most {
		r.problem(l.at, marker("Minimum"), "the minimum %s is beyond what the Go type %s holds", number(*l.Minimum), v.declared.Name)
	}
	if l.Maximum != nil && *l.Maximum < least {
		r.problem(l.at, marker("Maximum"), "the maximum %s is beyond what the Go type %s holds", number(*l.Maximum), v.declared.Name)
	}
	if l.MultipleOf != nil && *l.MultipleOf <= 0 {
		r.problem(l.at, marker("MultipleOf"), "MultipleOf must be more than 0")
	}
}

// bounds returns the minimum and the maximum of a numeric type.
func bounds(t *types.Type) (least, most float64) {
	switch t.Name.Name {
	case "int8":
		return math.MinInt8, math.MaxInt8
	case "int16":
		return math.MinInt16, math.MaxInt16
	case "int32", "rune":
		return math.MinInt32, math.MaxInt32
	case "int", "int64":
		return math.MinInt64, math.MaxInt64
	case "uint8", "byte":
		return 0, math.MaxUint8
	case "uint16":
		return 0, math.MaxUint16
	case "uint32":
		return 0, math.MaxUint32
	case "uint", "uint64":
		return 0, math.MaxUint64
	}
	return math.Inf(-1), math.Inf(1)
}

// number formats a number as in Go and JSON.
func number(f float64) string {
	if f == math.Trunc(f) && math.Abs(f) < 1<<63 {
		return strconv.FormatInt(int64(f), 10)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

func isFloat(t *types.Type) bool { return strings.HasPrefix(t.Name.Name, "float") }

func isBytes(t *types.Type) bool {
	return t.Kind == types.Slice && (t.Elem.Name.Name == "byte" || t.Elem.Name.Name == "uint8") && t.Elem.Kind == types.Builtin
}

// marshalsItself reports whether a type has its own JSON encoding.
func marshalsItself(t *types.Type) bool {
	return t.Methods["MarshalJSON"] != nil || t.Methods["UnmarshalJSON"] != nil || t.Methods["MarshalText"] != nil || t.Kind == types.Interface
}

// enumValues returns the values of an enum as sorted Go literals.
func enumValues(l limits) []string {
	var out []string
	for _, raw := range l.Enum {
		var text string
		if json.Unmarshal(raw.Raw, &text) == nil {
			out = append(out, strconv.Quote(text))
		} else {
			out = append(out, string(raw.Raw))
		}
	}
	return out
}
