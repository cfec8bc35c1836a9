package validation

import (
	"encoding/json"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	apiextensionsvalidation "k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/cel/environment"
	"k8s.io/gengo/v2/types"
	"k8s.io/kube-openapi/pkg/validation/spec"
)

// What a value is, as far as its constraints go.
const (
	aString  = "string"
	aNumber  = "number"
	aBool    = "boolean"
	aList    = "list"
	aMap     = "map"
	aStruct  = "struct"
	bytes    = "bytes"
	intOrStr = "int-or-string"
	opaque   = "opaque" // it has a JSON form of its own
)

// kind says what a value is.
func (v *value) kind() string {
	switch {
	case v.typ.Name == (types.Name{Package: "k8s.io/apimachinery/pkg/util/intstr", Name: "IntOrString"}):
		return intOrStr
	case marshalsItself(v.declared) || marshalsItself(v.typ) || v.schemaless():
		return opaque
	}
	switch v.typ.Kind {
	case types.Builtin:
		switch v.typ.Name.Name {
		case "string":
			return aString
		case "bool":
			return aBool
		}
		return aNumber
	case types.Slice, types.Array:
		if isBytes(v.typ) {
			return bytes
		}
		return aList
	case types.Map:
		return aMap
	case types.Struct:
		return aStruct
	}
	return opaque
}

// A constraint is one of those in a schema, and which values the code for it can check.
type constraint struct {
	marker string
	set    func(limits) bool
	of     []string
}

// constraints are all that a schema can have, but for what is never wrong on a Go value: its type.
var constraints = []constraint{
	{"MinLength", func(l limits) bool { return l.MinLength != nil }, []string{aString, intOrStr, bytes}},
	{"MaxLength", func(l limits) bool { return l.MaxLength != nil }, []string{aString, intOrStr, bytes}},
	{"Pattern", func(l limits) bool { return l.Pattern != "" }, []string{aString, intOrStr}},
	{"Minimum", func(l limits) bool { return l.Minimum != nil }, []string{aNumber}},
	{"Maximum", func(l limits) bool { return l.Maximum != nil }, []string{aNumber}},
	{"MultipleOf", func(l limits) bool { return l.MultipleOf != nil }, []string{aNumber}},
	{"Enum", func(l limits) bool { return len(l.Enum) > 0 }, []string{aString, aNumber}},
	{"MinItems", func(l limits) bool { return l.MinItems != nil }, []string{aList}},
	{"MaxItems", func(l limits) bool { return l.MaxItems != nil }, []string{aList}},
	{"UniqueItems", func(l limits) bool { return l.UniqueItems }, []string{aList}},
	{"MinProperties", func(l limits) bool { return l.MinProperties != nil }, []string{aMap, aStruct}},
	{"MaxProperties", func(l limits) bool { return l.MaxProperties != nil }, []string{aMap, aStruct}},
}

// checked says whether a constraint of a place is to be checked on a value of the kind.
func (v *value) checked(c constraint, l limits) bool {
	return c.set(l) && slices.Contains(c.of, v.kind())
}

// limited says whether anything of what one place says needs code.
func (v *value) limited(l limits) bool {
	return slices.ContainsFunc(constraints, func(c constraint) bool { return v.checked(c, l) }) ||
		v.kind() == aList && v.keyed(l) || v.kind() == aString && format(l) != ""
}

// keyed says whether items must differ: wholly in a set, in their keys in a map.
func (v *value) keyed(l limits) bool {
	return l.XListType != nil && (*l.XListType == "set" || *l.XListType == "map")
}

// format is the format to check of a string, or "".
func format(l limits) string {
	if l.Format == "password" { // any string is one
		return ""
	}
	return l.Format
}

// check says which constraints can't be honoured.
func (r *reader) check(v *value) {
	for _, l := range v.limits {
		marker := func(name string) string { return "+kubebuilder:validation:" + l.prefix + name }
		if l.at.field == "" && v.kind() == opaque && r.packages.Position(l.at.owner, "").Filename == "" {
			continue // a known type of another module, whose Go type has its own checks
		}
		for _, c := range constraints {
			if c.set(l) && !v.checked(c, l) {
				r.problem(l.at, marker(c.marker), "%s can't be checked on the Go type %s: use another type, or a Validate method", c.marker, v.declared.Name)
			}
		}
		r.checkValues(v, l, marker)
	}
}

// checkValues looks at what the constraints are set to.
func (r *reader) checkValues(v *value, l limits, marker func(string) string) {
	if _, err := regexp.Compile(l.Pattern); err != nil {
		r.problem(l.at, marker("Pattern"), "the pattern is not valid: %v", err)
	}
	if v.kind() == aString {
		unknown := apiextensionsvalidation.GetUnrecognizedFormats(&spec.Schema{SchemaProps: spec.SchemaProps{Type: []string{"string"}, Format: l.Format}}, environment.DefaultCompatibilityVersion())
		if len(unknown) > 0 {
			r.problem(l.at, marker("Format"), "there is no format %q that can be checked", l.Format)
		}
	}
	if v.kind() == aNumber {
		r.checkNumbers(v, l, marker)
	}
	for _, raw := range l.Enum {
		var allowed any
		err := json.Unmarshal(raw.Raw, &allowed)
		_, text := allowed.(string)
		_, number := allowed.(float64)
		if err != nil || v.kind() == aString && !text || v.kind() == aNumber && !number {
			r.problem(l.at, marker("Enum"), "Enum has %s, which is no value of the Go type %s", raw.Raw, v.declared.Name)
		}
	}
}

// checkNumbers says which bounds the type has no values beyond.
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

// bounds are the least and the most that a number can be.
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

// number writes a number as Go and JSON do.
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

// marshalsItself says whether a type has a JSON form of its own.
func marshalsItself(t *types.Type) bool {
	return t.Methods["MarshalJSON"] != nil || t.Methods["UnmarshalJSON"] != nil || t.Methods["MarshalText"] != nil || t.Kind == types.Interface
}

func isExported(name string) bool { return strings.ToUpper(name[:1]) == name[:1] }

// A tag is a field's json tag.
type tag struct {
	name                         string // empty if the field is inlined
	omitEmpty, omitZero, skipped bool
}

func tagOf(member types.Member) tag {
	text, ok := reflect.StructTag(member.Tags).Lookup("json")
	name, options, _ := strings.Cut(text, ",")
	set := sets.New(strings.Split(options, ",")...)
	if set.Has("inline") {
		name = ""
	}
	return tag{name: name, omitEmpty: set.Has("omitempty"), omitZero: set.Has("omitzero"), skipped: !ok || text == "-"}
}

// memberOf finds the Go path to a field of a struct, through what is inlined, by its name in JSON.
func memberOf(t *types.Type, name string) (types.Member, bool) {
	for t.Kind == types.Pointer || t.Kind == types.Alias {
		if t.Kind == types.Pointer {
			t = t.Elem
		} else {
			t = t.Underlying
		}
	}
	for _, member := range t.Members {
		tag := tagOf(member)
		if tag.name == name && !tag.skipped {
			return member, true
		}
		if tag.name == "" && !tag.skipped {
			if found, ok := memberOf(member.Type, name); ok {
				return found, true
			}
		}
	}
	return types.Member{}, false
}

// enumValues are the values of an enum as Go literals, in order.
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
