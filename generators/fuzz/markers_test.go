package fuzz

import (
	"fmt"
	"reflect"
	"strings"
)

// fieldMarkers returns random markers for a field. Most of them are valid.
func (g *gen) fieldMarkers(t typ, f *field) []marker {
	var out []marker
	add := func(lines ...string) {
		for _, line := range lines {
			out = append(out, marker{text: line})
		}
	}
	if g.chance(20) {
		add(choose(g, "Words about it.", "It is `quoted`, \"twice\", and has a \\ in it.", "Größe: */ %s {{ }} <b>", "+ not a marker", "TODO: nothing."))
	}
	if g.chance(40) {
		add(choose(g, "+optional", "+optional", "+required", "+kubebuilder:validation:Optional", "+kubebuilder:validation:Required", "+k8s:optional", "+k8s:required", "+nullable"))
	}
	if !g.chance(45) {
		return out
	}
	form := t.form
	if g.chance(4) {
		form = choose(g, formString, formInteger, formList, formMap, formStruct, formBoolean) // which may not be valid
	}
	switch form {
	case formString:
		add(choose(g, "+kubebuilder:validation:MinLength=1", "+kubebuilder:validation:MaxLength=10", "+kubebuilder:validation:Pattern=`^[a-z]*$`", "+kubebuilder:validation:Enum=a;b", `+kubebuilder:default="a"`, `+default="On"`, `+kubebuilder:default=a`,
			"+kubebuilder:validation:Format=email", "+kubebuilder:validation:Format=date-time", `+kubebuilder:validation:XValidation:rule="self.size() < 20"`, `+kubebuilder:validation:XValidation:rule="self == oldSelf",message="no change"`,
			"+k8s:maxLength=5", "+k8s:immutable", "+k8s:neq=\"x\"", "+kubebuilder:example=a", "+kubebuilder:title=A", "+k8s:format=k8s-short-name", "+k8s:maxBytes=10"))
	case formInteger:
		add(choose(g, "+kubebuilder:validation:Minimum=0", "+kubebuilder:validation:Maximum=100", "+kubebuilder:validation:MultipleOf=2", "+kubebuilder:default=3", "+default=4", "+kubebuilder:validation:Enum=1;2;3", "+k8s:minimum=1",
			`+kubebuilder:validation:XValidation:rule="self < 20"`, "+kubebuilder:validation:Format=int32", "+k8s:maximum=7", "+kubebuilder:default=0"))
		if g.chance(10) {
			add("+kubebuilder:validation:Minimum=0", "+kubebuilder:validation:ExclusiveMinimum=true")
		}
	case formNumber:
		add(choose(g, "+kubebuilder:validation:Minimum=0.5", "+kubebuilder:validation:Maximum=1.5", "+kubebuilder:default=1.5", "+kubebuilder:default=2", `+kubebuilder:validation:XValidation:rule="self < 20.0"`, "+default=0.25"))
	case formBoolean:
		add(choose(g, "+kubebuilder:default=true", "+default=true", "+kubebuilder:default=false", `+kubebuilder:validation:XValidation:rule="self"`, "+kubebuilder:validation:Enum=true"))
	case formList:
		add(g.listMarkers(t)...)
	case formMap:
		add(choose(g, "+kubebuilder:validation:MinProperties=1", "+kubebuilder:validation:MaxProperties=4", "+mapType=atomic", "+mapType=granular", "+kubebuilder:default={}", `+kubebuilder:default={a:b}`, `+kubebuilder:validation:XValidation:rule="self.size() < 9"`, "+k8s:maxProperties=3"))
	case formStruct:
		add(choose(g, "+kubebuilder:default={}", "+structType=atomic", "+structType=granular", "+default={}", "+kubebuilder:validation:MinProperties=1", "+mapType=atomic"))
	case formQuantity:
		add(choose(g, `+kubebuilder:default="1Gi"`, `+kubebuilder:default=5`, `+default="500m"`, `+kubebuilder:validation:XValidation:rule="true"`, "+kubebuilder:validation:Pattern=`^[0-9]+$`"))
	case formIntOrString:
		add(choose(g, `+kubebuilder:default="http"`, "+kubebuilder:default=8080", "+kubebuilder:validation:XIntOrString", "+kubebuilder:validation:Pattern=`^[0-9]+%$`", "+kubebuilder:validation:Maximum=9"))
	case formDuration:
		add(choose(g, `+kubebuilder:default="5m"`, `+default="1h"`, "+kubebuilder:validation:Format=duration", "+kubebuilder:validation:Pattern=`^[0-9]+s$`", "+kubebuilder:validation:Type=string"))
	case formTime:
		add(choose(g, `+kubebuilder:default="2026-01-01T00:00:00Z"`, "+kubebuilder:validation:Format=date-time", "+kubebuilder:validation:Type=string"))
	case formRaw:
		add(choose(g, "+kubebuilder:pruning:PreserveUnknownFields", "+kubebuilder:validation:Schemaless", "+kubebuilder:validation:EmbeddedResource", "+kubebuilder:default={}", `+kubebuilder:default={a:1}`))
	default:
		add(choose(g, "+kubebuilder:default={}", `+kubebuilder:validation:XValidation:rule="true"`, "+k8s:immutable", "+listType=atomic", "+mapType=atomic", "+kubebuilder:validation:Schemaless", "+nullable", "+kubebuilder:validation:XIntOrString", `+kubebuilder:default="a"`,
			"+kubebuilder:default=null", "+kubebuilder:validation:Type=object", "+k8s:openapi-gen=false", "+k8s:conversion-gen=false"))
	}
	return out
}

func (g *gen) listMarkers(t typ) []string {
	if t.elem == nil {
		return nil
	}
	switch e := t.elem; {
	case e.form == formString && g.chance(60):
		return choose(g, []string{"+listType=set"}, []string{`+kubebuilder:default={"a","b"}`}, []string{"+kubebuilder:validation:items:MaxLength=5"}, []string{"+kubebuilder:validation:items:Enum=a;b"}, []string{"+k8s:eachVal=+k8s:maxLength=3"}, []string{"+k8s:listType=set"},
			[]string{"+kubebuilder:validation:UniqueItems=true"}, []string{"+k8s:unique=set"}, []string{`+patchStrategy=merge`})
	case e.form == formInteger && g.chance(60):
		return choose(g, []string{"+listType=set"}, []string{"+kubebuilder:default={1,2}"}, []string{"+kubebuilder:validation:items:Minimum=1"})
	case e.form == formStruct && e.decl != nil && len(e.decl.fields) > 0 && g.chance(60):
		f := choose(g, e.decl.fields...)
		return []string{"+listType=map", "+listMapKey=" + jsonNameOf(f)}
	case e.text == "corev1.ContainerPort":
		return []string{"+listType=map", "+listMapKey=containerPort", "+listMapKey=protocol"}
	case e.text == "corev1.EnvVar" || e.text == "corev1.Container":
		return []string{"+listType=map", "+listMapKey=name"}
	case e.text == "metav1.Condition":
		return []string{"+listType=map", "+listMapKey=type"}
	}
	return choose(g, []string{"+listType=atomic"}, []string{"+kubebuilder:validation:MinItems=1"}, []string{"+kubebuilder:validation:MaxItems=3"}, []string{"+kubebuilder:default={}"}, []string{`+kubebuilder:validation:XValidation:rule="self.size() < 4"`}, []string{"+listType=set"}, []string{"+k8s:maxItems=4"})
}

func jsonNameOf(f *field) string {
	name, _, _ := strings.Cut(reflect.StructTag(f.tag).Get("json"), ",")
	if name == "" {
		name = f.name
	}
	return name
}

// typeMarkers returns random markers for a struct.
func (g *gen) typeMarkers(d *decl) []marker {
	var out []marker
	if g.chance(60) {
		out = append(out, marker{text: d.name + " is one of many."})
	}
	if g.chance(12) {
		out = append(out, marker{text: choose(g, "+kubebuilder:validation:MinProperties=1", "+kubebuilder:validation:MaxProperties=3", "+structType=atomic", "+structType=granular", `+kubebuilder:validation:XValidation:rule="true"`, "+kubebuilder:object:generate=true",
			"+kubebuilder:validation:XValidation:rule=`size(dyn(self)) >= 0`", "+kubebuilder:validation:XPreserveUnknownFields", "+k8s:openapi-gen=true", "+k8s:deepcopy-gen=true", "+k8s:deepcopy-gen=false", "+kubebuilder:title=T", "+mapType=atomic", "+union", "+k8s:openapi-gen=false",
			"+kubebuilder:validation:Type=object", "+genclient")})
	}
	return out
}

// relate adds markers about fields to their struct.
func (g *gen) relate(d *decl) {
	if len(d.fields) == 0 || !g.chance(20) {
		return
	}
	a, b := choose(g, d.fields...), choose(g, d.fields...)
	needs := []string{g.group + "." + d.name + "." + a.name, g.group + "." + d.name + "." + b.name}
	if a.name == "" || b.name == "" {
		return
	}
	x, y := jsonNameOf(a), jsonNameOf(b)
	text := choose(g,
		fmt.Sprintf(`+kubebuilder:validation:XValidation:rule="has(self.%s) || has(self.%s)"`, x, y),
		fmt.Sprintf(`+kubebuilder:validation:XValidation:rule="!has(self.%s) || self.%[1]s == self.%[1]s",message="odd"`, x),
		fmt.Sprintf(`+kubebuilder:validation:XValidation:rule="!has(oldSelf.%s) || has(self.%[1]s)",fieldPath=.%[1]s`, x),
		fmt.Sprintf(`+kubebuilder:validation:AtMostOneOf=%s;%s`, x, y),
		fmt.Sprintf(`+kubebuilder:validation:ExactlyOneOf=%s;%s`, x, y),
		fmt.Sprintf(`+kubebuilder:validation:AtLeastOneOf=%s;%s`, x, y),
	)
	d.markers = append(d.markers, marker{text: text, needs: needs})
}

// column returns a printer column of a kind that shows a cell or a value in it.
func (g *gen) column(kind, cell string, t typ, needs []string) marker {
	path := ".spec." + lower(cell)
	for range 3 {
		switch {
		case t.form == formList && t.elem != nil:
			path, t = path+choose(g, "[*]", "[0]", ""), *t.elem
		case t.form == formMap && t.elem != nil:
			path, t = path+choose(g, ".a", "[*]", ""), *t.elem
		case t.form == formStruct && t.decl != nil && len(t.decl.fields) > 0:
			f := choose(g, t.decl.fields...)
			path, needs = path+"."+jsonNameOf(f), append(needs, t.decl.key()+"."+f.name)
			t = typ{}
		}
	}
	as := map[form]string{formInteger: "integer", formNumber: "number", formBoolean: "boolean", formTime: "date"}[t.form]
	if as == "" {
		as = choose(g, "string", "string", "string", "integer", "boolean")
	}
	return marker{text: fmt.Sprintf("+kubebuilder:printcolumn:name=%q,type=%s,JSONPath=`%s`", cell, as, path), needs: needs}
}
