package codegen

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"k8s.io/code-generator/cmd/client-gen/generators/util"
	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/markers"
)

// checkMarkers checks each marker of a package by itself, then those of each type and field together. In a package that is no API,
// the markers are those of the types that API types refer to.
func (p *Packages) checkMarkers(pkg string) Diagnostics {
	var problems Diagnostics
	together := map[string][]markers.Marker{}
	for _, m := range p.source.packages[pkg].markers {
		if !p.counts(pkg, m) {
			continue
		}
		if problem := p.registry.Check(m); problem != "" {
			problems.add(m.Pos, "%s", problem)
			continue
		}
		switch m.On {
		case markers.Type, markers.Package:
			together[m.Name] = append(together[m.Name], m)
		case markers.Field:
			for _, field := range m.Fields {
				together[m.Name+"."+field] = append(together[m.Name+"."+field], m)
			}
		}
	}
	for key, all := range together {
		name, field, _ := strings.Cut(key, ".")
		c := &markerCheck{packages: p, set: p.newSet(all)}
		c.repeated()
		if t := p.Universe[pkg].Types[name]; t != nil {
			c.subject(t, field)
		}
		problems = append(problems, c.problems...)
	}
	return problems
}

// counts says whether a marker is one of an API package, or of a type that APIs refer to.
func (p *Packages) counts(pkg string, m markers.Marker) bool {
	if p.options.isAPI(pkg) {
		return true
	}
	return (m.On == markers.Type || m.On == markers.Field) && p.own[types.Name{Package: pkg, Name: m.Name}]
}

// A set is the markers of one type or field, by name.
type set map[string][]markers.Marker

func (p *Packages) newSet(all []markers.Marker) set {
	s := set{}
	for _, m := range all {
		if d := p.registry.Lookup(m.Text); d != nil {
			s[d.Name] = append(s[d.Name], m)
		}
	}
	return s
}

// first is the first marker that has one of the names, or nil.
func (s set) first(names ...string) *markers.Marker {
	var found *markers.Marker
	for _, name := range names {
		if all := s[name]; len(all) > 0 && (found == nil || all[0].Pos.Offset < found.Pos.Offset) {
			found = &all[0]
		}
	}
	return found
}

// A markerCheck looks for markers of one type or field that contradict each other or what they are on.
type markerCheck struct {
	packages *Packages
	set      set
	problems Diagnostics
}

func (c *markerCheck) add(m *markers.Marker, format string, args ...any) {
	c.problems.add(m.Pos, format, args...)
}

// name is a marker's name as it was written.
func (c *markerCheck) name(m *markers.Marker) string { return c.packages.registry.Lookup(m.Text).Name }

func (c *markerCheck) repeated() {
	for name, all := range c.set {
		if len(all) > 1 && !c.packages.registry.Lookup(all[0].Text).Repeats {
			c.add(&all[1], "the marker +%s is there twice: one of the two has no effect", name)
		}
	}
}

// subject checks the markers of the type t, or of one of its fields.
func (c *markerCheck) subject(t *types.Type, field string) {
	on, name := t, t.Name.Name
	if field != "" {
		i := slices.IndexFunc(t.Members, func(m types.Member) bool { return m.Name == field })
		if i < 0 {
			return
		}
		on, name = t.Members[i].Type, "field "+field+" of "+name
		c.defaults(t.Members[i], name)
	}
	if field == "" {
		c.client()
	}
	c.presence()
	c.lists(on, name)
	c.shapes(on, name)
}

// client has client-gen check the markers that it reads.
func (c *markerCheck) client() {
	var lines []string
	for name, all := range c.set {
		for _, m := range all {
			if strings.HasPrefix(name, "genclient") {
				lines = append(lines, m.Text)
			}
		}
	}
	if _, err := util.ParseClientGenTags(lines); err != nil {
		c.add(c.set.first("genclient:method", "genclient:onlyVerbs", "genclient:skipVerbs", "genclient"), "client-gen: %v", err)
	}
}

// presence finds fields that would be optional and required at once.
func (c *markerCheck) presence() {
	optional := c.set.first("optional", "k8s:optional", "kubebuilder:validation:Optional")
	required := c.set.first("required", "k8s:required", "kubebuilder:validation:Required")
	if optional != nil && required != nil {
		c.add(required, "+%s contradicts +%s: take one of the two out", c.name(required), c.name(optional))
	}
}

// lists checks what kind of list a field or type is, which is what server-side apply merges by.
func (c *markerCheck) lists(t *types.Type, name string) {
	kind, key := c.set.first("listType", "k8s:listType"), c.set.first("listMapKey", "k8s:listMapKey")
	base := resolve(t)
	isList := base.Kind == types.Slice || base.Kind == types.Array
	if m := cmp.Or(kind, key); m != nil && !isList {
		c.add(m, "+%s is for lists, but %s is %s", c.name(m), name, describe(base))
		return
	}
	value := ""
	if kind != nil {
		_, value, _ = strings.Cut(kind.Text, "=")
	}
	switch {
	case key != nil && value != "map":
		c.add(key, "+%s goes with +listType=map, which %s does not have", c.name(key), name)
	case value == "map" && key == nil:
		c.add(kind, "+%s needs a +listMapKey: the field that tells the elements of %s apart", strings.TrimPrefix(kind.Text, "+"), name)
	case value == "map":
		c.listMapKeys(resolve(base.Elem), name)
	case value == "set" && resolve(base.Elem).Kind != types.Builtin:
		c.add(kind, "+listType=set is for lists of strings, numbers or booleans, but each element of %s is %s", name, describe(resolve(base.Elem)))
	}
}

func (c *markerCheck) listMapKeys(element *types.Type, name string) {
	for _, m := range append(slices.Clone(c.set["listMapKey"]), c.set["k8s:listMapKey"]...) {
		_, key, _ := strings.Cut(m.Text, "=")
		key = strings.Trim(key, "\"`")
		if element.Kind != types.Struct {
			c.add(&m, "+listType=map is for lists of structs, but each element of %s is %s", name, describe(element))
			return
		}
		field, ok := memberInJSON(element, key)
		switch {
		case !ok:
			c.add(&m, "+listMapKey=%s names no field: %s has no field %q in JSON", key, element.Name.Name, key)
		case resolve(field.Type).Kind != types.Builtin:
			c.add(&m, "+listMapKey=%s: a key is a string, a number or a boolean, but %s.%s is %s", key, element.Name.Name, field.Name, describe(resolve(field.Type)))
		}
	}
}

// shapes checks the markers that are for one form of Go type alone.
func (c *markerCheck) shapes(t *types.Type, name string) {
	base := resolve(t)
	for _, shape := range []struct {
		marker string
		kind   types.Kind
		what   string
	}{{"mapType", types.Map, "maps"}, {"structType", types.Struct, "structs"}} {
		if m := c.set.first(shape.marker); m != nil && base.Kind != shape.kind {
			c.add(m, "+%s is for %s, but %s is %s", shape.marker, shape.what, name, describe(base))
		}
	}
	for _, only := range []struct {
		markers []string
		goType  types.Name
		why     string
	}{
		{[]string{"kubebuilder:pruning:PreserveUnknownFields", "kubebuilder:validation:XPreserveUnknownFields", "kubebuilder:validation:Schemaless"},
			types.Name{Package: "k8s.io/apimachinery/pkg/runtime", Name: "RawExtension"}, "fields that its Go type does not have are dropped"},
		{[]string{"kubebuilder:validation:XIntOrString"},
			types.Name{Package: "k8s.io/apimachinery/pkg/util/intstr", Name: "IntOrString"}, "only that Go type takes both"},
	} {
		if m := c.set.first(only.markers...); m != nil && elementOf(t).Name != only.goType {
			c.add(m, "+%s goes with the Go type %s.%s, but %s is %s: %s", c.name(m), pathBase(only.goType.Package), only.goType.Name, name, describe(base), only.why)
		}
	}
	if m := c.set.first("kubebuilder:validation:Type"); m != nil && t.Methods["MarshalJSON"] == nil && base.Methods["MarshalJSON"] == nil {
		_, value, _ := strings.Cut(m.Text, "=")
		if form := schemaType(base); form != "" && form != strings.Trim(value, "\"`") {
			c.add(m, "+kubebuilder:validation:Type=%s: %s is of type %s in JSON, as its Go type says: change that, or take the marker out", value, name, form)
		}
	}
}

// schemaType is what OpenAPI calls the JSON of a Go type, or "" if that can't be told.
func schemaType(t *types.Type) string {
	switch jsonForm(t) {
	case "an object":
		return "object"
	case "a list":
		return "array"
	case "a string":
		return "string"
	case "a boolean":
		return "boolean"
	case "a number":
		if strings.HasPrefix(t.Name.Name, "float") {
			return "number"
		}
		return "integer"
	}
	return ""
}

// describe says what a type is, for a sentence.
func describe(t *types.Type) string {
	switch t.Kind {
	case types.Slice, types.Array:
		return "a list"
	case types.Map:
		return "a map"
	case types.Struct:
		return "a struct"
	}
	return "of type " + t.Name.Name
}

func pathBase(pkg string) string { return pkg[strings.LastIndexByte(pkg, '/')+1:] }

// memberInJSON is the field of a struct that has a name in JSON, those of inlined structs included.
func memberInJSON(t *types.Type, name string) (types.Member, bool) {
	for _, m := range t.Members {
		if jsonName(m) == name {
			return m, true
		}
	}
	for _, m := range t.Members {
		if m.Embedded && jsonName(m) == "" {
			if found, ok := memberInJSON(resolve(m.Type), name); ok {
				return found, true
			}
		}
	}
	return types.Member{}, false
}

// jsonName is a member's name in JSON, empty if it is inlined or left out.
func jsonName(m types.Member) string {
	name, _, _ := strings.Cut(reflect.StructTag(m.Tags).Get("json"), ",")
	if name == "-" {
		return ""
	}
	return name
}
