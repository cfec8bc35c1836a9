// Package schema reads the API types of a project with controller-tools, which knows kubebuilder's markers: what a CRD made of the
// same types would say of them is what the server holds them to. Each type has a schema of its own, with references to others,
// and each kind a flat one.
package schema

import (
	"cmp"
	"context"
	"fmt"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/packages"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/gengo/v2/types"
	"sigs.k8s.io/controller-tools/pkg/crd"
	"sigs.k8s.io/controller-tools/pkg/loader"
	upstream "sigs.k8s.io/controller-tools/pkg/markers"

	"github.com/apiserver-builder/builder/generators/codegen"
	"github.com/apiserver-builder/builder/generators/markers"
)

// Schemas are those of the types in some API packages, and of the types that those refer to.
type Schemas struct {
	dir      string
	parser   *crd.Parser
	packages map[string]*loader.Package // by import path
	// positions are those of the markers that are no rules themselves, but that rules follow from.
	positions map[ruleKey]token.Position
}

// Read reads the types that kinds are made of, in the project in the folder dir. env is the environment
// of the go command, nil for this process's. A kind is the name of its Go type in one version.
// Generated files are not looked at. What is wrong with the markers comes back as codegen.Diagnostics.
func Read(ctx context.Context, dir string, env []string, kinds []types.Name) (*Schemas, error) {
	s := &Schemas{dir: dir, packages: map[string]*loader.Package{}, positions: map[ruleKey]token.Position{}}
	apis := map[string]bool{}
	for _, kind := range kinds {
		apis[kind.Package] = true
	}
	if len(apis) == 0 {
		return s, nil
	}
	roots, err := loader.LoadRootsWithConfig(&packages.Config{Context: ctx, Dir: dir, Env: env}, slices.Sorted(maps.Keys(apis))...)
	if err != nil {
		return nil, fmt.Errorf("loading the API packages of %s: %w", dir, err)
	}
	if err := s.newParser(); err != nil {
		return nil, err
	}
	for _, root := range roots {
		s.parser.NeedPackage(root)
	}
	if err := Problems(dir, roots); err != nil { // the parser stumbles over markers that could not be read
		return nil, err
	}
	var idents []crd.TypeIdent
	for _, root := range roots {
		for _, kind := range kinds {
			ident := crd.TypeIdent{Package: root, Name: kind.Name}
			if s.parser.Types[ident] != nil && root.PkgPath == kind.Package {
				s.parser.NeedSchemaFor(ident)
				idents = append(idents, ident)
			}
		}
	}
	for ident := range s.parser.Schemata {
		s.packages[ident.Package.PkgPath] = ident.Package
	}
	declared := s.declare()
	for _, ident := range idents {
		s.parser.NeedFlattenedSchemaFor(ident)
	}
	if err := Problems(dir, roots); err != nil || len(declared) == 0 {
		return s, err
	}
	return s, sorted(declared)
}

func (s *Schemas) newParser() error {
	registry, err := markers.Upstream()
	if err != nil {
		return err
	}
	s.parser = &crd.Parser{
		Collector: &upstream.Collector{Registry: registry},
		Checker:   &loader.TypeChecker{NodeFilters: []loader.NodeFilter{crd.Generator{}.CheckFilter()}},
		// A CRD's author is warned of floats; here they do no more harm than anywhere else in Go.
		AllowDangerousTypes: true,
	}
	crd.AddKnownTypes(s.parser)
	return nil
}

// Kind is the schema that a CRD would have for a kind in the version that the package is, without references. It has
// nothing below a type that refers to itself. It must not be changed.
func (s *Schemas) Kind(name types.Name) *apiextensionsv1.JSONSchemaProps {
	if pkg := s.packages[name.Package]; pkg != nil {
		if schema, ok := s.parser.FlattenedSchemata[crd.TypeIdent{Package: pkg, Name: name.Name}]; ok {
			return &schema
		}
	}
	return nil
}

// Type is the schema of a type as it stands: other named types are references, and fields that are inlined are in AllOf. It is nil
// for a type that no kind is made of. It must not be changed.
func (s *Schemas) Type(name types.Name) *apiextensionsv1.JSONSchemaProps {
	if pkg := s.packages[name.Package]; pkg != nil {
		if schema, ok := s.parser.Schemata[crd.TypeIdent{Package: pkg, Name: name.Name}]; ok {
			return &schema
		}
	}
	return nil
}

// Position is where the marker is that a rule in the schema of a type, or of one of its fields, follows from, if it is no rule
// itself.
func (s *Schemas) Position(owner types.Name, field, rule string) token.Position {
	return s.positions[ruleKey{owner, field, rule}]
}

// Resolve is the type that a reference in the schema of another refers to.
func (s *Schemas) Resolve(from types.Name, ref string) types.Name {
	name, pkg, err := crd.RefParts(ref)
	if err != nil {
		return types.Name{}
	}
	if pkg == "" {
		pkg = from.Package
	}
	return types.Name{Package: pkg, Name: name}
}

// Problems are the errors that loading packages of the project in dir and reading their markers left there, as
// codegen.Diagnostics, or nil. Those of the type checker are the compiler's to tell.
func Problems(dir string, roots []*loader.Package) error {
	var out codegen.Diagnostics
	for _, root := range roots {
		for _, problem := range root.Errors {
			if problem.Kind != packages.TypeError {
				out = append(out, codegen.Diagnostic{Pos: position(dir, problem.Pos), Message: strings.Join(strings.Fields(problem.Msg), " ")})
			}
		}
	}
	if len(out) == 0 {
		return nil
	}
	return sorted(out)
}

// sorted are problems by their places, each once.
func sorted(problems codegen.Diagnostics) codegen.Diagnostics {
	slices.SortStableFunc(problems, func(a, b codegen.Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Pos.Filename, b.Pos.Filename), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column))
	})
	return slices.Compact(problems)
}

// position reads file.go:line:column, as far as it is there, and makes the file relative to dir.
func position(dir, text string) token.Position {
	name, rest, ok := strings.Cut(text, ".go:")
	if !ok {
		return token.Position{}
	}
	pos := token.Position{Filename: relative(dir, name+".go")}
	line, column, _ := strings.Cut(rest, ":")
	pos.Line, _ = strconv.Atoi(line)
	pos.Column, _ = strconv.Atoi(column)
	return pos
}

func relative(dir, name string) string {
	if rel, err := filepath.Rel(dir, name); err == nil && filepath.IsLocal(rel) {
		name = rel
	}
	return filepath.ToSlash(name)
}
