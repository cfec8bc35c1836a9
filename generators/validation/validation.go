// Package validation writes the Go code that holds objects to the markers on their types: to the constraints
// in typed code, and to the CEL rules through k8s.io/apiserver's CEL. It accepts and rejects what a CRD with the same markers
// would, and says the same, as far as a Go value can tell what was in a request.
package validation

import (
	"cmp"
	"fmt"
	"go/token"
	"maps"
	"slices"
	"strings"

	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/codegen"
	"github.com/apiserver-builder/builder/generators/markers"
	"github.com/apiserver-builder/builder/generators/schema"
	"github.com/apiserver-builder/builder/templates"
)

// RulesFile is among the generated files if a kind has CEL rules, which it imports CEL for.
const RulesFile = "pkg/generated/validation/rules.go"

// Generate returns the files of pkg/generated/validation for the kinds given, each in one version, by path. There are none if nothing
// is to be validated. What is wrong with the markers comes back as codegen.Diagnostics.
func Generate(module string, kinds []types.Name, packages *codegen.Packages, schemas *schema.Schemas) (map[string][]byte, error) {
	r := &reader{packages: packages, schemas: schemas, structs: map[types.Name]*object{}}
	var roots []*object
	for _, kind := range kinds {
		if t := packages.Universe.Type(kind); t.Kind == types.Struct && schemas.Kind(kind) != nil {
			o := r.object(t)
			o.resetStatus = r.hasStatus(kind)
			r.checkMetadata(o)
			roots = append(roots, o)
		}
	}
	r.settle()
	for _, o := range roots {
		r.rules(o)
	}
	if len(r.problems) > 0 {
		slices.SortFunc(r.problems, func(a, b codegen.Diagnostic) int {
			return cmp.Or(cmp.Compare(a.Pos.Filename, b.Pos.Filename), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Message, b.Message))
		})
		return nil, slices.Compact(r.problems)
	}
	return r.render(module, roots)
}

// hasStatus says whether a kind has the status subresource.
func (r *reader) hasStatus(kind types.Name) bool {
	return markers.Has(r.packages.Markers(kind, ""), "+kubebuilder:subresource:status")
}

// problem notes what is wrong at a marker of a type or field: the first one that begins with the text given, or else at the declaration.
func (r *reader) problem(at place, marker, format string, args ...any) {
	pos := r.packages.Position(at.owner, at.field)
	for _, m := range r.packages.Markers(at.owner, at.field) {
		if marker != "" && strings.HasPrefix(m.Text, marker) {
			pos = m.Pos
			break
		}
	}
	r.problemAt(pos, format, args...)
}

func (r *reader) problemAt(pos token.Position, format string, args ...any) {
	r.problems = append(r.problems, codegen.Diagnostic{Pos: pos, Message: fmt.Sprintf(format, args...)})
}

// A kindData is what the templates see of a kind in one version.
type kindData struct {
	// Type is the Go type, and Validate and Rules are what validates it, where there is something to validate.
	Type, Validate, Rules string
}

// A packageData is what the templates see of the code for the types of one Go package.
type packageData struct {
	Imports   []string
	Variables []string
	Functions []functionData
	Rules     []rulesData
}

type functionData struct{ Name, Type, Body string }

type rulesData struct{ Name, Literal string }

// render renders the files: one for each package that has types to validate, and those that all share.
func (r *reader) render(module string, roots []*object) (map[string][]byte, error) {
	names := packageNames(r.structs)
	files := map[string]*file{}
	fileOf := func(pkg string) *file {
		if files[pkg] == nil {
			files[pkg] = newFile(names)
		}
		return files[pkg]
	}
	shared := newFile(names)
	var kinds []kindData
	for _, o := range roots {
		var k kindData
		if o.constrained {
			k.Validate = names.function(o.typ.Name)
		}
		if o.rules != nil {
			k.Rules = names.rules(o.typ.Name)
			f := fileOf(o.typ.Name.Package)
			f.data.Rules = append(f.data.Rules, rulesData{Name: k.Rules, Literal: o.rules.literal()})
		}
		if k.Validate != "" || k.Rules != "" {
			k.Type = shared.typeName(o.typ) // not before: this imports its package
			kinds = append(kinds, k)
		}
	}
	if len(kinds) == 0 {
		return nil, nil
	}
	for _, o := range slices.SortedFunc(maps.Values(r.structs), byName) {
		if o.constrained {
			fileOf(o.typ.Name.Package).function(o)
		}
	}
	return r.files(module, names, files, shared, kinds, slices.ContainsFunc(roots, func(o *object) bool { return o.rules.usesJSON() }))
}

func byName(a, b *object) int {
	return cmp.Or(cmp.Compare(a.typ.Name.Package, b.typ.Name.Package), cmp.Compare(a.typ.Name.Name, b.typ.Name.Name))
}

func (r *reader) files(module string, names names, files map[string]*file, shared *file, kinds []kindData, json bool) (map[string][]byte, error) {
	out := map[string][]byte{}
	add := func(dir string, data any, placeholders ...string) error {
		rendered, err := templates.Render("validation/"+dir, data, placeholders...)
		maps.Copy(out, rendered)
		return err
	}
	hasRules := slices.ContainsFunc(kinds, func(k kindData) bool { return k.Rules != "" })
	uses := map[string]bool{}
	for pkg, f := range files {
		f.data.Imports = f.imports.lines()
		maps.Copy(uses, f.uses)
		if err := add("package", f.data, "PACKAGE", names.file(pkg)); err != nil {
			return nil, err
		}
	}
	data := struct {
		Module   string
		Imports  []string
		Kinds    []kindData
		HasRules bool
		// JSON says that some rules see values as they are in JSON.
		JSON bool
		// Uses has the helpers that the code calls, by name.
		Uses map[string]bool
	}{module, shared.imports.lines(), kinds, hasRules, json, uses}
	if err := add("project", data); err != nil {
		return nil, err
	}
	if hasRules {
		if err := add("rules", data); err != nil {
			return nil, err
		}
	}
	return out, nil
}
