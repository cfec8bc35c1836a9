package validation

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/gengo/v2/types"
)

var stringValue = &value{typ: types.String, declared: types.String}

// list is the code for what is said of a list itself.
func (f *file) list(v *value, l limits, u use) string {
	var out strings.Builder
	f.call(&out, l.MinItems, "MinItems", u.value())
	f.call(&out, l.MaxItems, "MaxItems", u.value())
	if l.UniqueItems || v.keyed(l) {
		f.unique = true
		fmt.Fprintf(&out, "errs = append(errs, unique(ctx, op, %s, %s, %s, %s)...)\n", pathMark, u.value(), u.old, f.same(v))
	}
	return out.String()
}

// keys are the fields by which the items of a list are told apart, if they are.
func (v *value) keys() []string {
	for _, l := range v.limits {
		if l.XListType != nil && *l.XListType == "map" {
			return l.XListMapKeys
		}
	}
	return nil
}

// same is a function that says whether pointers to two items of a list are to the same one.
func (f *file) same(v *value) string {
	keys := v.keys()
	switch {
	case len(keys) > 0 && v.items.pointer:
		return fmt.Sprintf("func(a, b **%s) bool { return *a != nil && *b != nil && %s }", f.typeName(v.items.declared), f.sameKeys(v, keys, "(*a)", "(*b)"))
	case len(keys) > 0:
		return sameMark
	case v.items.kind() == aString || v.items.kind() == aNumber || v.items.kind() == aBool:
		return f.use(validatePackage) + ".DirectEqual"
	}
	return f.use(validatePackage) + ".SemanticDeepEqual"
}

func (f *file) sameItem(v *value) string {
	return fmt.Sprintf("func(a, b *%s) bool { return %s }", f.typeName(v.items.declared), f.sameKeys(v, v.keys(), "a", "b"))
}

func (f *file) sameKeys(v *value, keys []string, a, b string) string {
	var out []string
	for _, key := range keys {
		member, _ := memberOf(v.items.typ, key)
		if member.Type.Kind == types.Pointer {
			out = append(out, fmt.Sprintf("%s.DirectEqual(%s.%s, %s.%[3]s)", f.use(validatePackage), a, member.Name, b))
			continue
		}
		out = append(out, fmt.Sprintf("%s.%s == %s.%[2]s", a, member.Name, b))
	}
	return strings.Join(out, " && ")
}

// items is the code for each item of a list.
func (f *file) items(v *value, u use, depth int) string {
	if v.items.onlyObject() {
		function, none := "EachValSliceVal", ""
		if v.items.pointer {
			function = "EachPtrSliceVal"
			none = fmt.Sprintf("errs = append(errs, %s.PtrSliceNoNils(ctx, op, %s, %s, nil)...)\n", f.use(validatePackage), pathMark, u.value())
		}
		old, match, equal := "nil", "nil", "nil"
		if keys := v.keys(); len(keys) > 0 && u.old != "nil" {
			old, match, equal = u.old, sameMark, f.use(validatePackage)+".SemanticDeepEqual"
		}
		return none + fmt.Sprintf("errs = append(errs, %s.%s(ctx, op, %s, %s, %s, %s, %s, %s)...)\n",
			f.use(validatePackage), function, pathMark, u.value(), old, match, equal, f.names.function(v.items.object.typ.Name))
	}
	i := string(rune('i' + depth))
	x := use{expr: indexed(u) + "[" + i + "]", pointer: v.items.pointer, old: "nil"}
	body := scope(f.checks(v.items, x, depth+1), pathMark, "at", pathMark+".Index("+i+")")
	if v.items.pointer {
		body = fmt.Sprintf("if %s == nil {\nerrs = append(errs, field.Required(%s.Index(%s), \"\"))\ncontinue\n}\n%s", x.expr, pathMark, i, body)
	}
	return fmt.Sprintf("for %s := range %s {\n%s}\n", i, u.value(), body)
}

// onlyObject says that a value is a struct and that nothing but its type has something to say of it.
func (v *value) onlyObject() bool {
	return v.object != nil && v.object.constrained && !slices.ContainsFunc(v.limits, v.limited)
}

// entries is the code for each entry of a map. One that was there before is not looked at again.
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
		return fmt.Sprintf("errs = append(errs, %s.EachMapVal(ctx, op, %s, %s, %s, %[1]s.SemanticDeepEqual, %[5]s)...)\n",
			f.use(validatePackage), pathMark, u.value(), u.old, f.names.function(v.items.object.typ.Name))
	}
	if u.old != "nil" {
		fmt.Fprintf(&out, "was := %s\n", u.old)
	}
	fmt.Fprintf(&out, "for %s, %s := range %s {\n", key, x, u.value())
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

// indexed is a list as an index follows it.
func indexed(u use) string {
	if u.pointer {
		return "(*" + u.expr + ")"
	}
	return u.expr
}
