package validation

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A use is an expression for a value, or for a pointer to it.
type use struct {
	expr    string
	pointer bool
	// old is the expression for the old list or map, or for a pointer to the old struct. It is "nil" if there is none.
	old string
}

// addr returns an expression for a pointer to the value.
func (u use) addr() string {
	if u.pointer {
		return u.expr
	}
	return "&" + u.expr
}

// value returns an expression for the value.
func (u use) value() string {
	if u.pointer {
		return "*" + u.expr
	}
	return u.expr
}

// checks returns the code for a value that is set. depth is the number of lists and maps around it.
func (f *file) checks(v *value, u use, depth int) string {
	var out strings.Builder
	for _, l := range v.limits {
		switch v.kind() {
		case kindString:
			out.WriteString(f.text(v, l, u))
		case kindNumber:
			out.WriteString(f.number(v, l, u))
		case kindBytes:
			out.WriteString(f.bytes(l, u))
		case kindIntOrString:
			out.WriteString(f.intOrString(l, u))
		case kindDuration:
			out.WriteString(f.duration(l, u))
		case kindList:
			out.WriteString(f.list(l, u))
		case kindMap:
			f.call(&out, l.MinProperties, "MinProperties", u.value())
			f.call(&out, l.MaxProperties, "MaxProperties", u.value())
		case kindStruct:
			if v.object != nil {
				out.WriteString(f.counted(l, v.object, u.expr, pathMark))
			}
		}
	}
	if v.object != nil && v.object.constrained {
		fmt.Fprintf(&out, "errs = append(errs, %s(ctx, op, %s, %s, %s)...)\n", f.names.function(v.object.typ.Name), pathMark, u.addr(), u.old)
	}
	out.WriteString(f.below(v, u, depth))
	return out.String()
}

// below returns the code for the contents of a list or map. If a list or map has too many entries, the code does not check them, because
// that could take too long.
func (f *file) below(v *value, u use, depth int) string {
	var code string
	switch v.kind() {
	case kindList:
		code = f.unique(v, u)
		if v.items.hasChecks() {
			code += f.items(v, u, depth)
		}
		if strings.Contains(code, keyMark) {
			code = f.key(v) + strings.ReplaceAll(code, keyMark, "keyOf")
		}
	case kindMap:
		if v.items.hasChecks() {
			code = f.entries(v, u, depth)
		}
	}
	if most := v.maxItems(); code != "" && most != nil {
		return fmt.Sprintf("if len(%s) <= %d {\n%s}\n", u.value(), *most, code)
	}
	return code
}

// maxItems returns the maximum number of items or entries of a list or map, or nil.
func (v *value) maxItems() *int64 {
	var out *int64
	for _, l := range v.limits {
		for _, limit := range []*int64{l.MaxItems, l.MaxProperties} {
			if limit != nil && (out == nil || *limit < *out) {
				out = limit
			}
		}
	}
	return out
}

// call adds a call of a function of k8s.io/apimachinery that takes a limit, if the limit is set.
func (f *file) call(out *strings.Builder, limit *int64, function, x string) {
	if limit != nil {
		fmt.Fprintf(out, "errs = append(errs, %s.%s(ctx, op, %s, %s, nil, %d)...)\n", f.use(validatePackage), function, pathMark, x, *limit)
	}
}

// invalid adds code that reports an error if a condition holds.
func (f *file) invalid(out *strings.Builder, condition, x, detail string) {
	fmt.Fprintf(out, "if %s {\nerrs = append(errs, %s.Invalid(%s, %s, %s))\n}\n", condition, f.use(fieldPackage), pathMark, x, detail)
}

// text returns the code for the constraints of a string.
func (f *file) text(v *value, l limits, u use) string {
	var out strings.Builder
	x := u.value()
	if v.declared.Name.Name != "string" {
		x = "string(" + x + ")"
	}
	f.form(&out, l, u, x)
	if format := format(l); format != "" {
		fmt.Fprintf(&out, "if !%s.Default.Validates(%q, %s) {\nerrs = append(errs, %s.TypeInvalid(%s, %s, %q))\n}\n",
			f.use(strfmtPackage), format, x, f.use(fieldPackage), pathMark, u.value(), "must be of the format "+format)
	}
	if values := enumValues(l); len(values) > 0 {
		element := "[" + f.typeName(v.declared) + "]"
		if v.declared.Name.Name == "string" {
			element = ""
		}
		name := f.variable(l, "Values", fmt.Sprintf("%s.New%s(%s)", f.use(setsPackage), element, strings.Join(values, ", ")))
		fmt.Fprintf(&out, "errs = append(errs, %s.Enum(ctx, op, %s, %s, nil, %s, nil)...)\n", f.use(validatePackage), pathMark, u.addr(), name)
	}
	return out.String()
}

// form adds the code for the length and the pattern of the string x. As in a CRD, only the first violation is reported, so a pattern is not
// matched against a string that is too long.
func (f *file) form(out *strings.Builder, l limits, u use, x string) {
	if l.Pattern == "" {
		f.call(out, l.MinLength, "MinLength", u.addr())
		f.call(out, l.MaxLength, "MaxLength", u.addr())
		return
	}
	pattern := f.variable(l, "Pattern", f.use("regexp")+".MustCompile("+quote(l.Pattern)+")")
	mismatch, detail := fmt.Sprintf("!%s.MatchString(%s)", pattern, x), `"must match "+`+pattern+".String()"
	if l.MinLength == nil && l.MaxLength == nil {
		f.invalid(out, mismatch, u.value(), detail)
		return
	}
	fmt.Fprintf(out, "switch n := %s.RuneCountInString(%s); {\n", f.use("unicode/utf8"), x)
	if l.MaxLength != nil {
		fmt.Fprintf(out, "case n > %d:\nerrs = append(errs, field.TooLongCharacters(%s, %s, %[1]d))\n", *l.MaxLength, pathMark, u.value())
	}
	if l.MinLength != nil {
		fmt.Fprintf(out, "case n < %d:\nerrs = append(errs, field.TooShort(%s, %s, %[1]d))\n", *l.MinLength, pathMark, u.value())
	}
	fmt.Fprintf(out, "case %s:\nerrs = append(errs, field.Invalid(%s, %s, %s))\n}\n", mismatch, pathMark, u.value(), detail)
}

// variable declares a variable for a place and returns its name. Several files may need a variable for the same place, if their types
// contain the place's type.
func (f *file) variable(l limits, suffix, value string) string {
	suffix = strings.Repeat("Item", strings.Count(l.prefix, ":")) + suffix
	name := f.names.variable(l.at, suffix)
	for n := 2; ; n++ {
		line := name + " = " + value
		if slices.Contains(f.data.Variables, line) {
			return name
		}
		if !f.variables[name] {
			f.variables[name] = true
			f.data.Variables = append(f.data.Variables, line)
			return name
		}
		name = f.names.variable(l.at, suffix) + strconv.Itoa(n)
	}
}

// number returns the code for the constraints of a number.
func (f *file) number(v *value, l limits, u use) string {
	var out strings.Builder
	least, most := bounds(v.typ)
	if l.Minimum != nil && *l.Minimum >= least {
		f.bound(&out, isFloat(v.typ), "Minimum", *l.Minimum, l.ExclusiveMinimum, u)
	}
	if l.Maximum != nil && *l.Maximum <= most {
		f.bound(&out, isFloat(v.typ), "Maximum", *l.Maximum, l.ExclusiveMaximum, u)
	}
	if l.MultipleOf != nil {
		condition := fmt.Sprintf("%s%%%s != 0", u.value(), number(*l.MultipleOf))
		if isFloat(v.typ) {
			condition = fmt.Sprintf(`%s.MultipleOf("", "", float64(%s), %s) != nil`, f.use(openapiPackage), u.value(), number(*l.MultipleOf))
		}
		f.invalid(&out, condition, u.value(), strconv.Quote("must be a multiple of "+number(*l.MultipleOf)))
	}
	if values := enumValues(l); len(values) > 0 {
		quoted := make([]string, len(values))
		for i, value := range values {
			quoted[i] = strconv.Quote(value)
		}
		fmt.Fprintf(&out, "switch %s {\ncase %s:\ndefault:\nerrs = append(errs, %s.NotSupported(%s, %s, []string{%s}))\n}\n",
			u.value(), strings.Join(values, ", "), f.use(fieldPackage), pathMark, u.value(), strings.Join(quoted, ", "))
	}
	return out.String()
}

// bound adds the code for a minimum or a maximum.
func (f *file) bound(out *strings.Builder, float bool, function string, limit float64, exclusive bool, u use) {
	if !float {
		if exclusive && function == "Minimum" {
			limit++
		} else if exclusive {
			limit--
		}
		fmt.Fprintf(out, "errs = append(errs, %s.%s(ctx, op, %s, %s, nil, %s)...)\n", f.use(validatePackage), function, pathMark, u.addr(), number(limit))
		return
	}
	operator, detail := "<", "must be greater than or equal to "
	switch {
	case function == "Minimum" && exclusive:
		operator, detail = "<=", "must be greater than "
	case function == "Maximum" && exclusive:
		operator, detail = ">=", "must be less than "
	case function == "Maximum":
		operator, detail = ">", "must be less than or equal to "
	}
	f.invalid(out, fmt.Sprintf("%s %s %s", u.value(), operator, number(limit)), u.value(), strconv.Quote(detail+number(limit)))
}

// bytes returns the code for the constraints of bytes, which are base64 in JSON.
func (f *file) bytes(l limits, u use) string {
	var out strings.Builder
	length := fmt.Sprintf("%s.StdEncoding.EncodedLen(len(%s))", f.use("encoding/base64"), u.value())
	if l.MinLength != nil {
		fmt.Fprintf(&out, "if %s < %d {\nerrs = append(errs, field.TooShort(%s, \"\", %[2]d))\n}\n", length, *l.MinLength, pathMark)
	}
	if l.MaxLength != nil {
		fmt.Fprintf(&out, "if %s > %d {\nerrs = append(errs, field.TooLong(%s, \"\", %[2]d))\n}\n", length, *l.MaxLength, pathMark)
	}
	return out.String()
}

// intOrString returns the code for the constraints of an IntOrString, which apply to strings.
func (f *file) intOrString(l limits, u use) string {
	code := f.text(stringValue, l, use{expr: u.expr + ".StrVal"})
	if code == "" {
		return ""
	}
	return fmt.Sprintf("if %s.Type == %s.String {\n%s}\n", u.expr, f.use(intstrPackage), code)
}

// duration returns the code for the constraints of a duration, which apply to its text. A zero duration counts as missing unless it is a
// pointer.
func (f *file) duration(l limits, u use) string {
	if l.Pattern == "" {
		return ""
	}
	text := u.expr + ".Duration.String()"
	pattern := f.variable(l, "Pattern", f.use("regexp")+".MustCompile("+quote(l.Pattern)+")")
	mismatch := fmt.Sprintf("!%s.MatchString(%s)", pattern, text)
	if !u.pointer {
		mismatch = u.expr + ".Duration != 0 && " + mismatch
	}
	var out strings.Builder
	f.invalid(&out, mismatch, text, `"must match "+`+pattern+".String()")
	return out.String()
}

// quote returns a Go string literal, with back quotes if that avoids escapes.
func quote(text string) string {
	if strings.Contains(text, `\`) && strconv.CanBackquote(text) {
		return "`" + text + "`"
	}
	return strconv.Quote(text)
}
