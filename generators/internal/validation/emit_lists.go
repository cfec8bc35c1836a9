package validation

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/internal/apis"
)

var stringValue = &value{typ: types.String, declared: types.String}

// list returns the code for the length of a list.
func (f *file) list(l limits, u use) string {
	var out strings.Builder
	f.call(&out, l.MinItems, "MinItems", u.value())
	f.call(&out, l.MaxItems, "MaxItems", u.value())
	return out.String()
}

// keys returns the key fields of a list of type map, or nil.
func (v *value) keys() []string {
	for _, l := range v.limits {
		if l.XListType != nil && *l.XListType == "map" {
			return l.XListMapKeys
		}
	}
	return nil
}

// unique returns the code that reports duplicate items, or "" if they are allowed.
func (f *file) unique(v *value, u use) string {
	if !slices.ContainsFunc(v.limits, func(l limits) bool { return l.UniqueItems || v.keyed(l) }) {
		return ""
	}
	in, old, key := u.value(), u.old, keyMark
	kind := v.items.kind()
	switch {
	case len(v.keys()) > 0:
		in, old = f.pointers(v, u)
	case !v.items.pointer && (kind == kindString || kind == kindNumber || kind == kindBool):
		key = f.helper("byValue")
	default:
		key = f.helper("byJSON")
	}
	return fmt.Sprintf("errs = append(errs, %s(ctx, %s, %s, %s, %s)...)\n", f.helper("unique"), pathMark, in, old, key)
}

// pointers returns the expressions for a list and the old list as lists of pointers.
func (f *file) pointers(v *value, u use) (in, old string) {
	if v.items.pointer {
		return u.value(), u.old
	}
	in, old = f.helper("pointers")+"("+u.value()+")", u.old
	if old != "nil" {
		old = "pointers(" + old + ")"
	}
	return in, old
}

// key returns the code that declares the type of an item's key, and the function keyOf, which returns it.
func (f *file) key(v *value) string {
	var fields, values strings.Builder
	for i, key := range v.keys() {
		member, _ := apis.JSONField(apis.Resolve(v.items.typ), key)
		typ, x := f.typeName(member.Type), "item."+member.Name
		if member.Type.Kind == types.Pointer {
			typ, x = "any", f.helper("deref")+"("+x+")"
		}
		name := key
		if apis.TagOf(member.Member).OmitEmpty {
			name += ",omitempty"
		}
		fmt.Fprintf(&fields, "%s %s `json:%q`\n", member.Name, typ, name)
		if i > 0 {
			values.WriteString(", ")
		}
		values.WriteString(x)
	}
	item := f.typeName(v.items.declared)
	if v.items.pointer {
		return fmt.Sprintf("type itemKey struct {\n%s}\nkeyOf := func(item *%s) itemKey {\nif item == nil {\nreturn itemKey{}\n}\nreturn itemKey{%s}\n}\n", &fields, item, &values)
	}
	return fmt.Sprintf("type itemKey struct {\n%s}\nkeyOf := func(item *%s) itemKey { return itemKey{%s} }\n", &fields, item, &values)
}

// items returns the code for each item of a list.
func (f *file) items(v *value, u use, depth int) string {
	if v.items.onlyObject() {
		in, old := f.pointers(v, u)
		validate := f.names.function(v.items.object.typ.Name)
		if len(v.keys()) > 0 && old != "nil" {
			return fmt.Sprintf("errs = append(errs, %s(ctx, op, %s, %s, %s, %s, %s)...)\n", f.helper("eachKeyed"), pathMark, in, old, keyMark, validate)
		}
		return fmt.Sprintf("errs = append(errs, %s(ctx, op, %s, %s, %s)...)\n", f.helper("each"), pathMark, in, validate)
	}
	i := string(rune('i' + depth))
	x := use{expr: indexed(u) + "[" + i + "]", pointer: v.items.pointer, old: "nil"}
	body := scope(f.checks(v.items, x, depth+1), pathMark, "at", pathMark+".Index("+i+")")
	if v.items.pointer {
		body = fmt.Sprintf("if %s == nil {\nerrs = append(errs, field.Required(%s.Index(%s), \"\"))\ncontinue\n}\n%s", x.expr, pathMark, i, body)
	}
	return fmt.Sprintf("for %s := range %s {\n%s%s}\n", i, u.value(), endLoop, body)
}

// endLoop is the code that ends a loop when there are enough errors, or the request was canceled.
const endLoop = "if enough(ctx, errs) {\nbreak\n}\n"

// onlyObject reports whether a value is a struct that only the markers of its type constrain.
func (v *value) onlyObject() bool {
	return v.object != nil && v.object.constrained && !slices.ContainsFunc(v.limits, v.limited)
}

// entries returns the code for each entry of a map. It skips unchanged entries.
func (f *file) entries(v *value, u use, depth int) string {
	key, x := "key", "value"
	if depth > 0 {
		key, x = fmt.Sprintf("key%d", depth), fmt.Sprintf("value%d", depth)
	}
	text := key
	if v.typ.Key.Name.Name != "string" || v.typ.Key.Name.Package != "" {
		text = "string(" + key + ")"
	}
	var out strings.Builder
	if v.items.onlyObject() && !v.items.pointer {
		return fmt.Sprintf("errs = append(errs, %s(ctx, op, %s, %s, %s, %s)...)\n",
			f.helper("eachEntry"), pathMark, u.value(), u.old, f.names.function(v.items.object.typ.Name))
	}
	if u.old != "nil" {
		fmt.Fprintf(&out, "was := %s\n", u.old)
	}
	fmt.Fprintf(&out, "for %s, %s := range %s {\n%s", key, x, u.value(), endLoop)
	entry := use{expr: x, pointer: v.items.pointer, old: "nil"}
	if u.old != "nil" {
		fmt.Fprintf(&out, "before, ok := was[%s]\nif ok && %s {\ncontinue\n}\n", key, f.equals(v.items, x, "before"))
		if v.items.object != nil && v.items.pointer {
			entry.old = "before"
		}
	}
	at := pathMark + ".Key(" + text + ")"
	if v.items.pointer {
		fmt.Fprintf(&out, "if %s == nil {\nerrs = append(errs, field.Required(%s, \"\"))\ncontinue\n}\n", x, at)
	}
	out.WriteString(scope(f.checks(v.items, entry, depth+1), pathMark, "at", at))
	out.WriteString("}\n")
	return out.String()
}

// indexed returns an expression for a list that can be followed by an index.
func indexed(u use) string {
	if u.pointer {
		return "(*" + u.expr + ")"
	}
	return u.expr
}
