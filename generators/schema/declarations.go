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

	"github.com/apiserver-builder/builder/generators/codegen"
	"github.com/apiserver-builder/builder/generators/markers"
)

// declare adds to the schemas of the project's types what those markers of validation-gen ask for that controller-tools passes
// over: for the most part as CEL rules, which clients see and the server enforces as any others.
func (s *Schemas) declare() codegen.Diagnostics {
	var problems codegen.Diagnostics
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

// declarations are the markers of a package that declare handles, if it is one of the project's.
func (s *Schemas) declarations(pkg *loader.Package) []markers.Marker {
	var out []markers.Marker
	pkg.NeedSyntax()
	for _, file := range pkg.Syntax {
		for _, m := range markers.Read(pkg.Fset, file) {
			if tag, err := markers.ParseTag(m.Text); err == nil && tag.Name != "" && (m.On == markers.Type || m.On == markers.Field) && s.own(m) {
				m.Pos.Filename = relative(s.dir, m.Pos.Filename)
				out = append(out, m)
			}
		}
	}
	return out
}

// own says whether a marker is in one of the project's files.
func (s *Schemas) own(m markers.Marker) bool {
	return !filepath.IsAbs(filepath.FromSlash(relative(s.dir, m.Pos.Filename)))
}

// A ruleKey is a rule that follows from a marker, and the type or the field that has it.
type ruleKey struct {
	owner types.Name
	field string
	rule  string
}

// A declaration is a type with markers, whose schema is to say what they do.
type declaration struct {
	schemas  *Schemas
	ident    crd.TypeIdent
	schema   *apiextensionsv1.JSONSchemaProps
	unions   []*union
	current  markers.Marker
	problems codegen.Diagnostics
}

// marker adds what one marker asks for, of the type or of fields.
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
			d.problems = append(d.problems, codegen.Diagnostic{Pos: m.Pos, Message: fmt.Sprintf("+%s is on a field that is not in JSON", tag.Name)})
		case relation != nil:
			d.apply(m, "", d.schema, func() error { return relation(d, f, tag) })
		default:
			property := d.schema.Properties[f.json]
			d.apply(m, name, &property, func() error { return d.constrain(tag, &property) })
			d.schema.Properties[f.json] = property
		}
	}
}

// apply notes where the rules come from that change adds to a schema, and what it says is wrong.
func (d *declaration) apply(m markers.Marker, field string, schema *apiextensionsv1.JSONSchemaProps, change func() error) {
	before := len(schema.XValidations)
	if err := change(); err != nil {
		d.problems = append(d.problems, codegen.Diagnostic{Pos: m.Pos, Message: err.Error()})
	}
	for _, rule := range schema.XValidations[before:] {
		d.schemas.positions[ruleKey{d.owner(), field, rule.Rule}] = m.Pos
	}
}

// owner is the name of the type.
func (d *declaration) owner() types.Name {
	return types.Name{Package: d.ident.Package.PkgPath, Name: d.ident.Name}
}

// A declared is a field with a marker: its names in Go and in JSON, and whether JSON lacks it where it is empty.
type declared struct {
	name, json string
	omitted    bool
}

func (d *declaration) field(name string) (declared, bool) {
	info := d.schemas.parser.Types[d.ident]
	for _, f := range info.Fields {
		if f.Name == name {
			json, options, _ := strings.Cut(reflect.StructTag(f.Tag).Get("json"), ",")
			_, ok := d.schema.Properties[json]
			return declared{name, json, strings.Contains(options, "omit")}, ok
		}
	}
	return declared{}, false
}

// optional says what is wrong if a field can't be left out: whether it is set decides, and so it would always be.
func (d *declaration) optional(f declared, tag codetags.Tag) error {
	if slices.Contains(d.schema.Required, f.json) || !f.omitted {
		return fmt.Errorf("+%s is for fields that may be left out, and %s may not: write +optional above it, and omitempty in its tag", tag.Name, f.json)
	}
	return nil
}

// rule adds a rule to the type, about one of its fields.
func (d *declaration) rule(f declared, reason apiextensionsv1.FieldValueErrorReason, message, rule string) {
	d.schema.XValidations = append(d.schema.XValidations, apiextensionsv1.ValidationRule{
		Rule: rule, Message: message, FieldPath: fieldPath(f.json), Reason: &reason,
	})
}

// fieldPath is the path of a field below its struct, as a rule names it.
func fieldPath(json string) string {
	if strings.ContainsAny(json, "-./") {
		return "['" + json + "']"
	}
	return "." + json
}
