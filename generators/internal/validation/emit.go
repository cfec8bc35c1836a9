package validation

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/gengo/v2/types"
)

const (
	validatePackage = "k8s.io/apimachinery/pkg/api/validate"
	safePackage     = "k8s.io/apimachinery/pkg/api/safe"
	equalityPackage = "k8s.io/apimachinery/pkg/api/equality"
	fieldPackage    = "k8s.io/apimachinery/pkg/util/validation/field"
	intstrPackage   = "k8s.io/apimachinery/pkg/util/intstr"
	setsPackage     = "k8s.io/apimachinery/pkg/util/sets"
	strfmtPackage   = "k8s.io/kube-openapi/pkg/validation/strfmt"
	openapiPackage  = "k8s.io/kube-openapi/pkg/validation/validate"
)

// These marks are placeholders in code under construction: for the path to a value, and for its old value. If a placeholder occurs more
// than once, a variable replaces it.
const (
	pathMark = "§"
	oldMark  = "¤"
	keyMark  = "¢" // the function that returns the key of an item
)

// A file is the generated code for the types of one package.
type file struct {
	names   names
	imports imports
	data    packageData
	// variables contains the names of the variables in all files.
	variables map[string]bool
	// uses contains the helpers that the code calls, by name.
	uses map[string]bool
}

func newFile(n names, variables map[string]bool) *file {
	return &file{names: n, imports: imports{}, variables: variables, uses: map[string]bool{}}
}

// helper returns the name of a helper function, and records that the project needs it.
func (f *file) helper(name string) string {
	f.uses[name] = true
	return name
}

// use imports a package and returns its name in the file.
func (f *file) use(pkg string) string { return f.imports.add(pkg) }

// function adds the function that validates a type.
func (f *file) function(o *object) {
	f.use("context")
	f.use("k8s.io/apimachinery/pkg/api/operation")
	f.use(fieldPackage)
	var body strings.Builder
	body.WriteString(f.counted(limits{JSONSchemaProps: o.schema, at: o.at}, o, "in", "path"))
	for _, p := range o.fields {
		body.WriteString(f.property(o, p))
	}
	f.data.Functions = append(f.data.Functions, functionData{
		Name: f.names.function(o.typ.Name), Type: f.typeName(o.typ), Body: strings.TrimRight(body.String(), "\n"),
	})
}

// property returns the code for a field of a struct.
func (f *file) property(o *object, p *property) string {
	x := "in." + p.goName
	at := fmt.Sprintf("path.Child(%q)", p.name)
	if p.name == "" {
		at = "path"
	}
	missing, required := p.missing(x), ""
	if missing == "" && !p.value.hasChecks() {
		return ""
	}
	if missing != "" {
		required = f.required(p, "path")
	}
	if !p.value.hasChecks() {
		return fmt.Sprintf("if %s {\n%s}\n", missing, required)
	}
	checks := f.checks(p.value, use{expr: x, pointer: p.value.pointer, old: oldMark}, 0)
	if strings.Contains(checks, oldMark) {
		checks = scope(checks, oldMark, "was", f.old(o, p))
	}
	checks = scope(checks, pathMark, "at", at)
	if p.name == "" && !p.value.pointer { // its fields are those of the outer struct
		return checks
	}
	changed := f.differs(p.value, x, "old."+p.goName)
	switch {
	case o.resetStatus && p.name == "status":
		return fmt.Sprintf("if old != nil && %s { // it is empty when the object is created\n%s}\n", changed, checks)
	case missing != "":
		return fmt.Sprintf("switch {\ncase %s:\n%scase old == nil || %s:\n%s}\n", missing, required, changed, checks)
	}
	if present := f.present(p, x); present != "" { // not earlier, because it may import a package
		return fmt.Sprintf("if %s && (old == nil || %s) {\n%s}\n", present, changed, checks)
	}
	return fmt.Sprintf("if old == nil || %s {\n%s}\n", changed, checks)
}

// required returns the code that reports a missing field, or for an inlined pointer its missing fields.
func (f *file) required(p *property, at string) string {
	if p.name != "" {
		return fmt.Sprintf("errs = append(errs, %s.Required(%s.Child(%q), \"\"))\n", f.use(fieldPackage), at, p.name)
	}
	var out strings.Builder
	for _, inner := range p.value.object.fields {
		if inner.required || inner.name == "" && inner.hasRequired() {
			out.WriteString(f.required(inner, at))
		}
	}
	return out.String()
}

// scope replaces a mark by its expression, or by a variable if the expression is a call that is used more than once.
func scope(code, mark, variable, expr string) string {
	if strings.Count(code, mark) > 1 && strings.ContainsAny(expr, "(") {
		return fmt.Sprintf("%s := %s\n%s", variable, expr, strings.ReplaceAll(code, mark, variable))
	}
	return strings.ReplaceAll(code, mark, expr)
}

// old returns the expression for the old value of a field. For a struct it is a pointer, which is nil if there is no old value.
func (f *file) old(o *object, p *property) string {
	if o.resetStatus && p.name == "status" && !p.value.pointer { // an update always has an old status
		return "&old." + p.goName
	}
	list := p.value.kind() == kindList || p.value.kind() == kindMap
	if p.value.pointer && p.value.object == nil && !list {
		return "nil"
	}
	result, expr := f.typeName(p.value.declared), "o."+p.goName
	switch {
	case p.value.object != nil && !p.value.pointer:
		result, expr = "*"+result, "&"+expr
	case p.value.pointer && list:
		pointer := fmt.Sprintf("%s.Field(old, func(o *%s) *%s { return %s })", f.use(safePackage), f.typeName(o.typ), result, expr)
		return fmt.Sprintf("%s.Field(%s, func(p *%s) %s { return *p })", f.use(safePackage), pointer, result, result)
	case p.value.pointer:
		result = "*" + result
	}
	return fmt.Sprintf("%s.Field(old, func(o *%s) %s { return %s })", f.use(safePackage), f.typeName(o.typ), result, expr)
}

// missing returns the condition that a required field is missing, or "" if the field is optional or its absence cannot be detected. An
// empty string counts as missing, except in types of other modules, such as metav1.Condition, which have required fields that may be empty.
func (p *property) missing(x string) string {
	switch kind := p.value.kind(); {
	case p.name == "" && p.value.pointer && p.hasRequired():
		return x + " == nil"
	case !p.required || !p.canDetectMissing():
		return ""
	case p.value.pointer || kind == kindList || kind == kindMap || kind == kindBytes:
		return x + " == nil"
	case kind == kindString && (p.own || p.omitEmpty):
		return x + ` == ""`
	case kind == kindString:
		return ""
	default:
		return x + ".IsZero()"
	}
}

// hasRequired reports whether an inlined struct has required fields.
func (p *property) hasRequired() bool {
	return p.value.object != nil && slices.ContainsFunc(p.value.object.fields, func(inner *property) bool {
		return inner.required || inner.name == "" && inner.hasRequired()
	})
}

// canDetectMissing reports whether the absence of the field can be detected in its Go value.
func (p *property) canDetectMissing() bool {
	v := p.value
	return v.pointer || slices.Contains([]string{kindString, kindList, kindMap, kindBytes}, v.kind()) || isTime(v.typ)
}

func isTime(t *types.Type) bool {
	return t.Name.Package == "k8s.io/apimachinery/pkg/apis/meta/v1" && (t.Name.Name == "Time" || t.Name.Name == "MicroTime")
}

// present returns the condition that JSON would contain the field, or "" if it always does.
func (f *file) present(p *property, x string) string {
	switch kind := p.value.kind(); {
	case p.value.pointer:
		return x + " != nil"
	case kind == kindList || kind == kindMap || kind == kindBytes:
		if p.omitEmpty {
			return "len(" + x + ") > 0"
		}
		return x + " != nil"
	case p.omitZero && isTime(p.value.typ):
		return "!" + x + ".IsZero()"
	case kind == kindString && (p.omitEmpty || p.omitZero):
		return x + ` != ""`
	case kind == kindNumber && (p.omitEmpty || p.omitZero):
		return x + " != 0"
	case kind == kindBool && (p.omitEmpty || p.omitZero):
		return x
	case kind == kindStruct && p.omitZero:
		return "!" + f.use("reflect") + ".ValueOf(&" + x + ").Elem().IsZero()"
	}
	return ""
}

// differs returns the condition that two values of a field are different.
func (f *file) differs(v *value, a, b string) string {
	scalar := slices.Contains([]string{kindString, kindNumber, kindBool, kindIntOrString}, v.kind())
	switch {
	case scalar && v.pointer:
		return fmt.Sprintf("!%s.DirectEqual(%s, %s)", f.use(validatePackage), a, b)
	case scalar:
		return a + " != " + b
	}
	return fmt.Sprintf("!%s.Semantic.DeepEqual(%s, %s)", f.use(equalityPackage), a, b)
}

// equals returns the condition that two values of an entry are equal.
func (f *file) equals(v *value, a, b string) string {
	if differs := f.differs(v, a, b); differs[0] == '!' {
		return differs[1:]
	}
	return a + " == " + b
}

// counted returns the code that limits the number of fields that are set in the struct x.
func (f *file) counted(l limits, o *object, x, at string) string {
	if !counted(l.JSONSchemaProps) {
		return ""
	}
	var out strings.Builder
	count := f.helper("count") + "(" + strings.Join(f.presence(o, x), ", ") + ")"
	if l.MinProperties != nil {
		fmt.Fprintf(&out, "if n := %s; n < %d {\nerrs = append(errs, field.TooFew(%s, n, %[2]d))\n}\n", count, *l.MinProperties, at)
	}
	if l.MaxProperties != nil {
		fmt.Fprintf(&out, "if n := %s; n > %d {\nerrs = append(errs, field.TooMany(%s, n, %[2]d))\n}\n", count, *l.MaxProperties, at)
	}
	return out.String()
}

// presence returns the condition that a field is set, for each field of a struct.
func (f *file) presence(o *object, x string) []string {
	var out []string
	for _, p := range o.fields {
		field := x + "." + p.goName
		switch present := f.present(p, field); {
		case p.name == "" && p.value.object != nil && !p.value.pointer:
			out = append(out, f.presence(p.value.object, field)...)
		case present == "":
			out = append(out, "true")
		default:
			out = append(out, present)
		}
	}
	return out
}

// typeName returns the name of a type in the file.
func (f *file) typeName(t *types.Type) string {
	switch {
	case t.Name.Package != "":
		return f.use(t.Name.Package) + "." + t.Name.Name
	case t.Kind == types.Pointer:
		return "*" + f.typeName(t.Elem)
	case t.Kind == types.Slice:
		return "[]" + f.typeName(t.Elem)
	case t.Kind == types.Array:
		return fmt.Sprintf("[%d]%s", t.Len, f.typeName(t.Elem))
	case t.Kind == types.Map:
		return "map[" + f.typeName(t.Key) + "]" + f.typeName(t.Elem)
	}
	return t.Name.Name
}
