package checks

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"

	"k8s.io/code-generator/cmd/client-gen/generators/util"
	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/diagnostics"
	"github.com/apiserver-builder/builder/generators/internal/apis"
	"github.com/apiserver-builder/builder/generators/internal/markers"
)

// checkMarkers checks each marker of a package, and the combination of markers of each type and field. In packages that are not API
// packages, it checks only the types that API types refer to.
func (c *checker) checkMarkers(pkg string) diagnostics.List {
	var problems diagnostics.List
	together := map[string][]markers.Marker{}
	for _, m := range c.MarkersIn(pkg) {
		if !c.counts(pkg, m) {
			continue
		}
		if problem := c.Registry.Check(m); problem != "" {
			problems.Add(m.Pos, "%s", problem)
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
		of := &markerCheck{checker: c, set: c.SetOf(all)}
		of.repeated()
		of.spellings()
		if t := c.Universe[pkg].Types[name]; t != nil {
			of.subject(t, field)
		}
		problems = append(problems, of.problems...)
	}
	return problems
}

// counts reports whether a marker belongs to an API package, or to a type that API types refer to.
func (c *checker) counts(pkg string, m markers.Marker) bool {
	if c.IsAPI(pkg) {
		return true
	}
	return (m.On == markers.Type || m.On == markers.Field) && c.Own[types.Name{Package: pkg, Name: m.Name}]
}

// A markerCheck finds markers of one type or field that contradict each other, or that do not match the type.
type markerCheck struct {
	checker  *checker
	set      apis.Set
	problems diagnostics.List
}

func (c *markerCheck) add(m *markers.Marker, format string, args ...any) {
	c.problems.Add(m.Pos, format, args...)
}

// name returns a marker's name as written in the source.
func (c *markerCheck) name(m *markers.Marker) string { return c.checker.Registry.Lookup(m.Text).Name }

func (c *markerCheck) repeated() {
	for name, all := range c.set {
		if len(all) > 1 && !c.checker.Registry.Lookup(all[0].Text).Repeats {
			c.add(&all[1], "the marker +%s is there twice: one of the two has no effect", name)
		}
	}
}

// spellings rejects two spellings of a marker with different values, such as +k8s:minimum=1 and +kubebuilder:validation:Minimum=0. Which one
// had an effect would be a matter of chance.
func (c *markerCheck) spellings() {
	first := map[string]string{} // the names of markers, without their prefixes in lower case
	for _, name := range slices.Sorted(maps.Keys(c.set)) {
		spelling := strings.TrimPrefix(strings.TrimPrefix(name, "k8s:"), "kubebuilder:validation:")
		other, ok := first[strings.ToLower(spelling)]
		if !ok {
			first[strings.ToLower(spelling)] = name
			continue
		}
		values, others := c.values(name), c.values(other)
		if reflect.TypeOf(values[0]) == reflect.TypeOf(others[0]) && !reflect.DeepEqual(values, others) {
			c.add(&c.set[name][0], "+%s contradicts +%s: take one of the two out", name, other)
		}
	}
}

// values returns the values of the markers with a name, in controller-tools' type.
func (c *markerCheck) values(name string) []any {
	var out []any
	for _, m := range c.set[name] {
		out = append(out, c.checker.Registry.Parse(m))
	}
	return out
}

// subject checks the markers of the type t or, if field is not empty, of one of its fields.
func (c *markerCheck) subject(t *types.Type, field string) {
	on, name := t, t.Name.Name
	if field != "" {
		i := slices.IndexFunc(t.Members, func(m types.Member) bool { return m.Name == field })
		if i < 0 {
			return
		}
		on, name = t.Members[i].Type, "field "+field+" of "+name
		c.defaults(t, t.Members[i], name)
	}
	if field == "" {
		c.client()
	}
	c.presence()
	if apis.Resolve(on).Kind == types.Unsupported { // the compiler reports it
		return
	}
	c.lists(on, name)
	c.shapes(on, name)
}

// client checks markers with client-gen's own parser.
func (c *markerCheck) client() {
	var lines []string
	for name, all := range c.set {
		for _, m := range all {
			if strings.HasPrefix(name, "genclient") {
				lines = append(lines, m.Text)
			}
		}
	}
	tags, err := util.ParseClientGenTags(lines)
	if err != nil {
		c.add(c.set.First("genclient:method", "genclient:onlyVerbs", "genclient:skipVerbs", "genclient"), "client-gen: %v", err)
	}
	c.verbs(tags)
	for _, m := range c.set["genclient:method"] {
		tags, err := util.ParseClientGenTags([]string{m.Text})
		if err != nil {
			continue // reported above
		}
		for _, method := range tags.Extensions {
			if _, pkg := method.Input(); method.HasVerb("apply") && pkg != "" && !c.checker.IsAPI(pkg) {
				c.add(&m, "there is no apply configuration of %s, which isn't a type of the project's APIs: take the marker out", method.InputTypeOverride)
			}
		}
	}
}

// verbs rejects sets of verbs for which the generated client does not compile.
func (c *markerCheck) verbs(tags util.Tags) {
	m := c.set.First("genclient:onlyVerbs", "genclient:skipVerbs")
	switch {
	case m == nil || tags.NoVerbs:
	case tags.HasVerb("list") && tags.HasVerb("watch") && !tags.HasVerb("get"):
		c.add(m, "a client with list and watch has informers, whose listers need get: leave out watch too, or keep get")
	case tags.HasVerb("deleteCollection") && !tags.HasVerb("list"):
		c.add(m, "client-gen can't write deleteCollection without list: leave out deleteCollection too, or keep list")
	}
}

// presence rejects fields that are both optional and required.
func (c *markerCheck) presence() {
	optional := c.set.First("optional", "k8s:optional", "kubebuilder:validation:Optional")
	required := c.set.First("required", "k8s:required", "kubebuilder:validation:Required")
	if optional != nil && required != nil {
		c.add(required, "+%s contradicts +%s: take one of the two out", c.name(required), c.name(optional))
	}
}

// lists checks the markers that define how server-side apply merges a list.
func (c *markerCheck) lists(t *types.Type, name string) {
	kind, key := c.set.First("listType", "k8s:listType"), c.set.First("listMapKey", "k8s:listMapKey")
	base := apis.Resolve(t)
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
		c.listMapKeys(apis.Resolve(base.Elem), name)
	case value == "set" && apis.Resolve(base.Elem).Kind != types.Builtin:
		c.add(kind, "+listType=set is for lists of strings, numbers or booleans, but each element of %s is %s", name, describe(apis.Resolve(base.Elem)))
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
		field, ok := apis.JSONField(element, key)
		switch {
		case !ok:
			c.add(&m, "+listMapKey=%s names no field: %s has no field %q in JSON", key, element.Name.Name, key)
		case apis.Resolve(field.Type).Kind != types.Builtin:
			c.add(&m, "+listMapKey=%s: a key is a string, a number or a boolean, but %s.%s is %s", key, element.Name.Name, field.Name, describe(apis.Resolve(field.Type)))
		case c.checker.mayBeMissing(element, field):
			c.add(&m, "+listMapKey=%s: a key must have a default or be required, but %s.%s is optional: %s", key, element.Name.Name, field.Name, c.checker.keyRemedy(element))
		}
	}
}

// mayBeMissing reports whether a field of a list's elements may be missing and has no default.
func (c *checker) mayBeMissing(element *types.Type, field apis.Field) bool {
	owner := element
	if n := len(field.Path); n > 0 {
		owner = apis.Resolve(field.Path[n-1].Type)
	}
	return !c.HasDefault(owner.Name, field.Member) && c.Optional(owner.Name, field.Member)
}

func (c *checker) keyRemedy(element *types.Type) string {
	if c.own(element) {
		return "mark it +required, or give it a default"
	}
	return "use another key, or declare a type in the API package"
}

// shapes checks the markers that need a particular form of Go type.
func (c *markerCheck) shapes(t *types.Type, name string) {
	base := apis.Resolve(t)
	for _, shape := range []struct {
		marker string
		kind   types.Kind
		what   string
	}{{"mapType", types.Map, "maps"}, {"structType", types.Struct, "structs"}} {
		if m := c.set.First(shape.marker); m != nil && base.Kind != shape.kind {
			c.add(m, "+%s is for %s, but %s is %s", shape.marker, shape.what, name, describe(base))
		}
	}
	for _, only := range []struct {
		markers []string
		on      *types.Type
		goType  types.Name
		why     string
	}{
		{[]string{"kubebuilder:pruning:PreserveUnknownFields", "kubebuilder:validation:XPreserveUnknownFields", "kubebuilder:validation:Schemaless"}, apis.Element(t),
			types.Name{Package: "k8s.io/apimachinery/pkg/runtime", Name: "RawExtension"}, "fields that its Go type does not have are dropped"},
		{[]string{"kubebuilder:validation:XIntOrString"}, base,
			types.Name{Package: "k8s.io/apimachinery/pkg/util/intstr", Name: "IntOrString"}, "only that Go type takes both"},
	} {
		if m := c.set.First(only.markers...); m != nil && only.on.Name != only.goType {
			c.add(m, "+%s goes with the Go type %s.%s, but %s is %s: %s", c.name(m), pathBase(only.goType.Package), only.goType.Name, name, describe(base), only.why)
		}
	}
	if m := c.set.First("kubebuilder:validation:Type"); m != nil {
		value := typeOf(m)
		if form := c.checker.schemaType(t, base); form != "" && form != value {
			c.add(m, "+kubebuilder:validation:Type=%s: %s is of type %s in JSON, as its Go type says: change that, or take the marker out", value, name, form)
		}
	}
}

// schemaType returns the OpenAPI type of t, or "" if it is unknown. base is t without names and pointers.
func (c *checker) schemaType(t, base *types.Type) string {
	switch {
	case base.Name.String() == "k8s.io/apimachinery/pkg/runtime.RawExtension":
		return "object"
	case base.Name.String() == "k8s.io/apimachinery/pkg/util/intstr.IntOrString":
		return ""
	case ownForms[base.Name.String()] != nil:
		return "string"
	case base.Methods["MarshalText"] != nil && base.Methods["MarshalJSON"] == nil:
		return "string"
	case t.Methods["MarshalJSON"] == nil && base.Methods["MarshalJSON"] == nil && !apis.DescribesItself(base):
		return apis.SchemaType(base)
	}
	if m := c.MarkersOf(base.Name, "").First("kubebuilder:validation:Type"); m != nil {
		return typeOf(m)
	}
	return ""
}

// typeOf returns the value of a +kubebuilder:validation:Type marker.
func typeOf(m *markers.Marker) string {
	_, value, _ := strings.Cut(m.Text, "=")
	return strings.Trim(value, "\"`")
}

// describe returns a description of a type for messages.
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
