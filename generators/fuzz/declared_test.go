package fuzz

import (
	"fmt"
	"strings"
)

// declared declares a type of any form for the cell.
func (g *gen) declared(depth int) typ {
	switch n := g.IntN(100); {
	case n < 42:
		return g.structType(depth, "")
	case n < 45:
		return g.structType(depth, "lower")
	case n < 55:
		return g.enum()
	case n < 68:
		return g.defined(depth)
	case n < 78:
		return g.alias(depth)
	case n < 84:
		return g.generic(depth)
	case n < 91:
		return g.recursive(depth)
	case n < 97:
		return g.ownForm()
	}
	return g.iface()
}

// enum declares a string or number with constants.
func (g *gen) enum() typ {
	base := choose(g, plain("string", formString), plain("string", formString), plain("int32", formInteger), plain("bool", formBoolean), plain("float64", formNumber))
	name := g.name("Mode")
	if g.chance(10) {
		name = lowerName(name)
	}
	d := &decl{name: name, head: fmt.Sprintf("type %s %s", name, base.text)}
	if base.form == formString {
		constants := choose(g,
			fmt.Sprintf("const (\n\t%[1]sOn %[1]s = \"On\"\n\t%[1]sOff %[1]s = \"Off\"\n)", name),
			fmt.Sprintf("const (\n\t%[1]sOn = %[1]s(\"On\")\n\t%[1]sOff = %[1]s(\"Off\")\n)", name),
			fmt.Sprintf("const %[1]sOn %[1]s = \"On\"", name), "")
		d.tail = constants
		if constants != "" && g.chance(30) {
			d.markers = append(d.markers, marker{text: choose(g, "+enum", "+k8s:enum")})
		} else if g.chance(50) {
			d.markers = append(d.markers, marker{text: choose(g, `+kubebuilder:validation:Enum=On;Off`, `+kubebuilder:validation:Enum="";On`, "+kubebuilder:validation:MinLength=1", "+kubebuilder:validation:Pattern=`^[A-Z]`")})
		}
	}
	if g.chance(10) {
		d.tail += fmt.Sprintf("\nfunc (m %s) String() string { return \"\" }", name)
	}
	return g.add(d, base.form)
}

// defined declares a type with another type as its underlying type.
func (g *gen) defined(depth int) typ {
	of := g.typ(depth - 1)
	switch g.IntN(8) {
	case 0:
		of = choose(g, plain("metav1.Time", formOther), plain("resource.Quantity", formOther), plain("corev1.PodSpec", formStruct), plain("time.Time", formOther), plain("runtime.RawExtension", formOther), plain("intstr.IntOrString", formOther),
			plain("corev1.LocalObjectReference", formStruct), plain("metav1.ObjectMeta", formStruct), plain("corev1.ResourceList", formMap), plain("json.RawMessage", formOther), plain("[]byte", formOther))
	case 1:
		of = choose(g, plain("[]string", formList), plain("map[string]string", formMap), plain("[]int32", formOther), plain("*string", formOther), plain("[2]string", formOther), plain("map[string][]string", formOther),
			plain("[][]string", formOther), plain("*[]string", formOther), plain("[]*int64", formOther), plain("func()", formOther), plain("chan string", formOther), plain("struct{}", formOther))
		if of.form == formList || of.form == formMap {
			of.elem = &scalars[0]
		}
	}
	name := g.name("Defined")
	of.text = strings.TrimSpace(of.text)
	d := &decl{name: name, head: fmt.Sprintf("type %s %s", name, of.text), needs: of.needs}
	t := g.add(d, of.form)
	t.elem = of.elem
	if of.decl != nil && strings.HasPrefix(of.text, "*") || strings.HasPrefix(of.text, "*") {
		t.form = formOther
	}
	return t
}

// alias declares an alias.
func (g *gen) alias(depth int) typ {
	var of typ
	switch g.IntN(3) {
	case 0:
		of = choose(g, plain("string", formString), plain("[]string", formList), plain("map[string]string", formMap), plain("*string", formOther), plain("metav1.Time", formTime), plain("corev1.PodSpec", formStruct), plain("struct{ A string }", formOther),
			plain("resource.Quantity", formQuantity), plain("metav1.Duration", formDuration), plain("[]byte", formOther), plain("any", formOther), plain("corev1.ResourceList", formMap), plain("int8", formInteger), plain("[]metav1.Condition", formOther))
		if of.form == formList || of.form == formMap {
			of.elem = &scalars[0]
		}
	default:
		of = g.typ(depth - 1)
	}
	name := g.name("Alias")
	d := &decl{name: name, head: fmt.Sprintf("type %s = %s", name, of.text), needs: of.needs}
	t := g.add(d, of.form)
	t.elem, t.decl = of.elem, of.decl
	return t
}

// generic declares a generic type, and returns an instance of it.
func (g *gen) generic(depth int) typ {
	name := g.name("Box")
	arg := g.typ(depth - 1)
	var d *decl
	switch g.IntN(5) {
	case 0:
		d = &decl{name: name, head: fmt.Sprintf("type %s[T any] struct {", name), isStruct: true, fields: []*field{{name: "Value", typ: "T", tag: jsonTag("value,omitempty")}}}
	case 1:
		d = &decl{name: name, head: fmt.Sprintf("type %s[T any] []T", name)}
	case 2:
		d = &decl{name: name, head: fmt.Sprintf("type %s[T any] = map[string]T", name)}
	case 3:
		d = &decl{name: name, head: fmt.Sprintf("type %s[T any] struct {", name), isStruct: true, fields: []*field{{name: "Items", typ: "[]T", tag: jsonTag("items,omitempty")}, {name: "Next", typ: "*" + name + "[T]", tag: jsonTag("next,omitempty")}}}
	default:
		d = &decl{name: name, head: fmt.Sprintf("type %s[K ~string, V any] struct {", name), isStruct: true, fields: []*field{{name: "Values", typ: "map[K]V", tag: jsonTag("values,omitempty")}}}
		t := g.add(d, formOther)
		t.text += "[string, " + arg.text + "]"
		t.needs = append(t.needs, arg.needs...)
		return t
	}
	t := g.add(d, formOther)
	t.text += "[" + arg.text + "]"
	t.needs = append(t.needs, arg.needs...)
	return t
}

// recursive declares a type that refers to itself, directly or through another type.
func (g *gen) recursive(depth int) typ {
	name := g.name("Node")
	d := &decl{name: name, head: "type " + name + " struct {", isStruct: true}
	self := []string{g.group + "." + name}
	d.fields = []*field{{name: "Self", typ: choose(g, "*", "[]", "map[string]", "[]*", "map[string][]", "map[string]*", "**", "*[]") + name, tag: jsonTag("self,omitempty"), markers: []marker{{text: "+optional"}}}}
	if g.chance(30) {
		d.fields = append(d.fields, &field{name: "Name", typ: "string", tag: jsonTag("name,omitempty"), markers: []marker{{text: `+kubebuilder:validation:XValidation:rule="self.size() < 10"`}}})
	}
	if g.chance(15) {
		d = &decl{name: name, head: fmt.Sprintf("type %s %s%[1]s", name, choose(g, "[]", "map[string]", "*", "[]*"))}
		return g.add(d, formOther)
	}
	if g.chance(40) {
		other := g.name("Branch")
		d.fields = append(d.fields, &field{name: "Branch", typ: choose(g, "*", "[]", "map[string]") + other, tag: jsonTag("branch,omitempty"), needs: []string{g.group + "." + other}})
		o := &decl{name: other, head: "type " + other + " struct {", isStruct: true}
		o.fields = []*field{{name: "Back", typ: choose(g, "*", "[]", "map[string]") + name, tag: jsonTag("back,omitempty"), needs: self}}
		g.structFields(o, depth-1)
		o.fields = unique(o.fields)
		g.add(o, formOther)
	}
	g.structFields(d, depth-1)
	d.fields = unique(d.fields)
	return g.add(d, formOther)
}

// unique removes fields with duplicate names.
func unique(fields []*field) []*field {
	seen := map[string]bool{}
	var out []*field
	for _, f := range fields {
		name := f.name
		if name == "" {
			name = strings.TrimLeft(f.typ[strings.LastIndexByte(f.typ, '.')+1:], "*")
		}
		if name == "_" || !seen[name] {
			out = append(out, f)
		}
		seen[name] = true
	}
	return out
}

// ownForm declares a type with its own JSON encoding.
func (g *gen) ownForm() typ {
	name := g.name("Own")
	d := &decl{name: name, head: "type " + name + " struct {", isStruct: true, fields: []*field{{name: "Text", typ: "string", tag: jsonTag("-")}}}
	d.tail = fmt.Sprintf("func (o %[1]s) MarshalJSON() ([]byte, error) { return json.Marshal(o.Text) }\nfunc (o *%[1]s) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &o.Text) }", name)
	if g.chance(25) {
		d.tail = fmt.Sprintf("func (o %[1]s) MarshalText() ([]byte, error) { return []byte(o.Text), nil }\nfunc (o *%[1]s) UnmarshalText(b []byte) error { o.Text = string(b); return nil }", name)
	}
	switch g.IntN(5) {
	case 0, 1:
		d.tail += fmt.Sprintf("\nfunc (%[1]s) OpenAPISchemaType() []string { return []string{\"string\"} }\nfunc (%[1]s) OpenAPISchemaFormat() string { return \"\" }", name)
	case 2:
		d.tail += fmt.Sprintf("\nfunc (%[1]s) OpenAPISchemaType() []string { return []string{\"string\"} }", name)
	}
	if g.chance(15) {
		d.tail += fmt.Sprintf("\nfunc (o *%[1]s) DeepCopyInto(out *%[1]s) { *out = *o }\nfunc (o *%[1]s) DeepCopy() *%[1]s { c := *o; return &c }", name)
	}
	// The methods need the field.
	d.needs = []string{g.group + "." + name + ".Text"}
	return g.add(d, formOther)
}

// iface declares an interface.
func (g *gen) iface() typ {
	name := g.name("Iface")
	d := &decl{name: name, head: fmt.Sprintf("type %s interface{ Do() }", name)}
	if g.chance(40) {
		d.head = fmt.Sprintf("type %[1]s interface{ DeepCopy%[1]s() %[1]s }", name)
	}
	return g.add(d, formOther)
}
