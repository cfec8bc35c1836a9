// Package validation generates the Go code that validates objects: typed code for the constraints of markers, and k8s.io/apiserver's CEL
// for rules. It accepts and rejects the same objects as a CRD with the same markers, with the same messages, as far as a decoded Go value
// preserves the difference.
package validation

import (
	"cmp"
	"go/token"
	"maps"
	"slices"
	"strings"

	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/internal/apis"
	"github.com/apiserver-builder/builder/generators/internal/apis/schema"
	"github.com/apiserver-builder/builder/generators/internal/markers"
	"github.com/apiserver-builder/builder/templates"

	"github.com/apiserver-builder/builder/generators/diagnostics"
)

// RulesFile is generated if a kind has CEL rules. It imports CEL.
const RulesFile = "pkg/generated/validation/rules.go"

// Validators generates the validation of a project's kinds.
type Validators struct {
	reader *reader
	roots  []*object
}

// Read returns the validators of kinds, each in one version, and the errors in their markers. If there are errors, Generate must not be
// called.
func Read(kinds []types.Name, packages *apis.Model, schemas *schema.Schemas) (*Validators, diagnostics.List) {
	v := &Validators{reader: &reader{packages: packages, schemas: schemas, structs: map[types.Name]*object{}}}
	r := v.reader
	for _, kind := range kinds {
		if t := packages.Universe.Type(kind); t.Kind == types.Struct && schemas.Kind(kind) != nil {
			o := r.object(t)
			o.resetStatus = r.hasStatus(kind)
			r.checkMetadata(o)
			v.roots = append(v.roots, o)
		}
	}
	r.markConstrained()
	for _, o := range v.roots {
		r.rules(o)
	}
	return v, r.problems
}

// Generate returns the files of pkg/generated/validation by path. There are none if no kind has constraints.
func (v *Validators) Generate(module string) (map[string][]byte, error) {
	return v.reader.render(module, v.roots)
}

// hasStatus reports whether a kind has the status subresource.
func (r *reader) hasStatus(kind types.Name) bool {
	return markers.Has(r.packages.Markers(kind, ""), "+kubebuilder:subresource:status")
}

// problem reports an error at the first marker of a type or field that begins with the given text, or else at the declaration.
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
	r.problems.Add(pos, format, args...)
}

// A kindData is the template data of a kind in one version.
type kindData struct {
	// Type is the Go type. Validate is its function and Rules its variable, or "" if there is none.
	Type, Validate, Rules string
}

// A packageData is the template data for the types of one Go package.
type packageData struct {
	Imports   []string
	Variables []string
	Functions []functionData
	Rules     []rulesData
}

type functionData struct{ Name, Type, Body string }

type rulesData struct{ Name, Literal string }

// render renders the files: one for each package with types to validate, and the shared ones.
func (r *reader) render(module string, roots []*object) (map[string][]byte, error) {
	names := packageNames(r.structs)
	files, variables := map[string]*file{}, map[string]bool{}
	fileOf := func(pkg string) *file {
		if files[pkg] == nil {
			files[pkg] = newFile(names, variables)
		}
		return files[pkg]
	}
	shared := newFile(names, variables)
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
			k.Type = shared.typeName(o.typ) // not earlier, because it imports its package
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
		// JSON means that some rules need values as decoded from JSON.
		JSON bool
		// Uses contains the helpers that the code calls, by name.
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
