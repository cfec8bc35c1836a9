package schema

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/gengo/v2/codetags"
	"k8s.io/gengo/v2/types"
	"sigs.k8s.io/controller-tools/pkg/crd"
	"sigs.k8s.io/controller-tools/pkg/loader"

	"github.com/apiserver-builder/builder/generators/diagnostics"
	"github.com/apiserver-builder/builder/generators/internal/markers"

	"github.com/apiserver-builder/builder/generators/internal/apis/comments"
)

// declare adds the constraints of those validation-gen markers that controller-tools ignores to the schemas of the project's types. Most
// become CEL rules, which clients can see, and which the server enforces like all other rules.
func (s *Schemas) declare() diagnostics.List {
	var problems diagnostics.List
	byPackage := map[*loader.Package][]markers.Marker{}
	for ident, schema := range s.parser.Schemata {
		own, ok := byPackage[ident.Package]
		if !ok {
			own = s.declarations(ident.Package)
			byPackage[ident.Package] = own
		}
		d := &declaration{schemas: s, ident: ident, schema: &schema}
		for _, m := range own {
			if m.Name == ident.Name {
				d.marker(m)
			}
		}
		d.oneOf()
		s.parser.Schemata[ident] = schema
		problems = append(problems, d.problems...)
	}
	return problems
}

// declarations returns the markers in a package of the project that declare handles.
func (s *Schemas) declarations(pkg *loader.Package) []markers.Marker {
	var out []markers.Marker
	pkg.NeedSyntax()
	for _, file := range pkg.Syntax {
		for _, m := range comments.Read(pkg.Fset, file) {
			if tag, err := markers.ParseTag(m.Text); err == nil && tag.Name != "" && (m.On == markers.Type || m.On == markers.Field) && s.own(m) {
				m.Pos.Filename = relative(s.dir, m.Pos.Filename)
				out = append(out, m)
			}
		}
	}
	return out
}

// own reports whether a marker is in one of the project's files.
func (s *Schemas) own(m markers.Marker) bool {
	return !filepath.IsAbs(filepath.FromSlash(relative(s.dir, m.Pos.Filename)))
}

// A ruleKey identifies a rule that a marker implies by the type or field that has the marker.
type ruleKey struct {
	owner types.Name
	field string
	rule  string
}

// A declaration is a type with markers, and its schema, which gets their constraints.
type declaration struct {
	schemas  *Schemas
	ident    crd.TypeIdent
	schema   *apiextensionsv1.JSONSchemaProps
	unions   []*union
	current  markers.Marker
	problems diagnostics.List
}

// marker adds the constraints of one marker of the type or of its fields.
func (d *declaration) marker(m markers.Marker) {
	d.current = m
	tag, _ := markers.ParseTag(m.Text)
	if m.On == markers.Type {
		d.apply(m, "", d.schema, func() error { return d.constrain(tag, d.schema) })
		return
	}
	for _, name := range m.Fields {
		f, ok := d.field(name)
		switch relation := relations[tag.Name]; {
		case !ok:
			d.problems = append(d.problems, diagnostics.Diagnostic{Pos: m.Pos, Message: fmt.Sprintf("+%s is on a field that is not in JSON", tag.Name)})
		case tag.Name == "k8s:immutable": // controller-tools adds a rule to the struct as well
			d.schemas.positions[ruleKey{d.owner(), "", fmt.Sprintf("!has(oldSelf.%s) || has(self.%[1]s)", f.json)}] = m.Pos
		case relation != nil:
			d.apply(m, "", d.schema, func() error { return relation(d, f, tag) })
		default:
			property := d.schema.Properties[f.json]
			d.apply(m, name, &property, func() error { return d.constrain(tag, &property) })
			d.schema.Properties[f.json] = property
		}
	}
}

// apply calls change, and records its error, and the marker as the position of the rules that it adds to the schema.
func (d *declaration) apply(m markers.Marker, field string, schema *apiextensionsv1.JSONSchemaProps, change func() error) {
	before := len(schema.XValidations)
	if err := change(); err != nil {
		d.problems = append(d.problems, diagnostics.Diagnostic{Pos: m.Pos, Message: err.Error()})
	}
	for _, rule := range schema.XValidations[before:] {
		d.schemas.positions[ruleKey{d.owner(), field, rule.Rule}] = m.Pos
	}
}

// owner returns the name of the type.
func (d *declaration) owner() types.Name {
	return types.Name{Package: d.ident.Package.PkgPath, Name: d.ident.Name}
}

// A markedField is a field with a marker: its names in Go and in JSON, and whether JSON omits it if it is empty.
type markedField struct {
	name, json string
	omitted    bool
}

func (d *declaration) field(name string) (markedField, bool) {
	info := d.schemas.parser.Types[d.ident]
	for _, f := range info.Fields {
		if f.Name == name {
			json, options, _ := strings.Cut(reflect.StructTag(f.Tag).Get("json"), ",")
			_, ok := d.schema.Properties[json]
			return markedField{name, json, strings.Contains(options, "omit")}, ok
		}
	}
	return markedField{}, false
}

// optional returns an error if a field must always be set. Markers that depend on the presence of a field would have no effect on it.
func (d *declaration) optional(f markedField, tag codetags.Tag) error {
	if slices.Contains(d.schema.Required, f.json) || !f.omitted {
		return fmt.Errorf("+%s is for fields that may be left out, and %s may not: write +optional above it, and omitempty in its tag", tag.Name, f.json)
	}
	return nil
}

// rule adds a rule about a field to the type.
func (d *declaration) rule(f markedField, reason apiextensionsv1.FieldValueErrorReason, message, rule string) {
	d.schema.XValidations = append(d.schema.XValidations, apiextensionsv1.ValidationRule{
		Rule: rule, Message: message, FieldPath: fieldPath(f.json), Reason: &reason,
	})
}

// fieldPath returns the path of a field in the syntax of a rule's fieldPath.
func fieldPath(json string) string {
	if strings.ContainsAny(json, "-./") {
		return "['" + json + "']"
	}
	return "." + json
}
