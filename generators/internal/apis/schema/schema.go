// Package schema reads the API types of a project with controller-tools, which supports kubebuilder's markers. So the server enforces the
// same schema as a CRD for the same types. Each type has a schema with references to other types, and each kind also has a schema without
// references.
package schema

import (
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
	"k8s.io/gengo/v2"
	"k8s.io/gengo/v2/types"
	"sigs.k8s.io/controller-tools/pkg/crd"
	"sigs.k8s.io/controller-tools/pkg/loader"
	upstream "sigs.k8s.io/controller-tools/pkg/markers"

	"github.com/apiserver-builder/builder/generators/diagnostics"
	"github.com/apiserver-builder/builder/generators/internal/godriver"
	"github.com/apiserver-builder/builder/generators/internal/inprocess"
	"github.com/apiserver-builder/builder/generators/internal/markers"

	"github.com/apiserver-builder/builder/generators/internal/apis/comments"
)

// Schemas contains the schemas of the types in some API packages, and of the types that they refer to.
type Schemas struct {
	dir      string
	module   string
	parser   *crd.Parser
	packages map[string]*loader.Package // by import path
	// positions contains the positions of markers that are not rules themselves, but imply rules.
	positions map[ruleKey]token.Position
}

// Read reads the types of the given kinds, each the name of a Go type in one version, in the project in dir with the given module path. If
// env is nil, the go command gets the environment of this process. Read ignores generated files. It reports errors in types and markers in
// the list, and skips markers that are invalid by themselves.
func Read(ctx context.Context, dir string, env []string, module string, kinds []types.Name) (*Schemas, diagnostics.List, error) {
	s := &Schemas{dir: dir, module: module, packages: map[string]*loader.Package{}, positions: map[ruleKey]token.Position{}}
	apis := map[string]bool{}
	for _, kind := range kinds {
		apis[kind.Package] = true
	}
	if len(apis) == 0 {
		return s, nil, nil
	}
	fset := token.NewFileSet()
	patterns := slices.Sorted(maps.Keys(apis))
	request := godriver.Request{Dir: dir, Env: env, Tag: gengo.StdBuildTag, Patterns: patterns}
	roots, err := godriver.Load(ctx, request, func(env []string) ([]*loader.Package, error) {
		return loader.LoadRootsWithConfig(&packages.Config{Context: ctx, Dir: dir, Env: env, Fset: fset}, patterns...)
	})
	if err != nil {
		return nil, nil, fmt.Errorf("loading the API packages of %s: %w", dir, err)
	}
	if err := s.newParser(); err != nil {
		return nil, nil, err
	}
	if err := prepare(fset, module, roots); err != nil {
		return nil, nil, err
	}
	for _, root := range roots {
		s.parser.NeedPackage(root)
	}
	if problems := Problems(dir, roots); len(problems) > 0 { // the parser does not expect markers that could not be read
		return nil, problems, nil
	}
	var idents []crd.TypeIdent
	for _, root := range roots {
		for _, kind := range kinds {
			ident := crd.TypeIdent{Package: root, Name: kind.Name}
			if s.parser.Types[ident] != nil && root.PkgPath == kind.Package {
				s.need(ident)
				idents = append(idents, ident)
			}
		}
	}
	for ident := range s.parser.Schemata {
		s.packages[ident.Package.PkgPath] = ident.Package
	}
	s.correctRequired()
	problems := s.declare()
	whole := s.parser.Schemata
	s.parser.Schemata = s.withoutRecursion()
	for _, ident := range idents {
		s.parser.NeedFlattenedSchemaFor(ident)
	}
	s.parser.Schemata = whole
	return s, append(problems, Problems(dir, roots)...), nil
}

// need creates the schema of a kind and of the types that it refers to. A panic of controller-tools becomes an error of the package.
func (s *Schemas) need(kind crd.TypeIdent) {
	err := inprocess.Protect(func() error {
		s.parser.NeedSchemaFor(kind)
		return nil
	})
	if err != nil {
		err = fmt.Errorf("controller-tools can't read a type that %s refers to: %w: use other types, and report this as a bug of builder", kind.Name, err)
		kind.Package.AddError(loader.ErrFromNode(err, s.parser.Types[kind].RawSpec))
	}
}

// prepare removes the parts of a project's syntax that controller-tools cannot handle. For example, one invalid marker makes it ignore the
// whole package.
func prepare(fset *token.FileSet, module string, roots []*loader.Package) error {
	registry, err := markers.NewRegistry()
	if err != nil {
		return err
	}
	seen := map[*loader.Package]bool{}
	var visit func(pkg *loader.Package)
	visit = func(pkg *loader.Package) {
		if seen[pkg] || pkg.PkgPath != module && !strings.HasPrefix(pkg.PkgPath, module+"/") {
			return
		}
		seen[pkg] = true
		pkg.NeedSyntax()
		for _, file := range pkg.Syntax {
			comments.Drop(fset, file, func(m markers.Marker) bool { return registry.Check(m) != "" })
		}
		rewrite(pkg)
		for _, imported := range pkg.Imports() {
			visit(imported)
		}
	}
	for _, root := range roots {
		visit(root)
	}
	return nil
}

func (s *Schemas) newParser() error {
	registry, err := markers.Upstream()
	if err != nil {
		return err
	}
	s.parser = &crd.Parser{
		Collector: &upstream.Collector{Registry: registry},
		Checker:   &loader.TypeChecker{NodeFilters: []loader.NodeFilter{crd.Generator{}.CheckFilter()}},
		// For a CRD, floats need a confirmation. Here they are as safe as in any other Go program.
		AllowDangerousTypes: true,
	}
	crd.AddKnownTypes(s.parser)
	return nil
}

// Kind returns the schema that a CRD would have for a kind in its version, without references. A type that contains itself is an object
// without fields at the inner place. Callers must not change the schema.
func (s *Schemas) Kind(name types.Name) *apiextensionsv1.JSONSchemaProps {
	if pkg := s.packages[name.Package]; pkg != nil {
		if schema, ok := s.parser.FlattenedSchemata[crd.TypeIdent{Package: pkg, Name: name.Name}]; ok {
			return &schema
		}
	}
	return nil
}

// Type returns the schema of a type as it is declared: other named types are references, and inlined fields are in AllOf. It returns nil
// for a type that no kind contains. Callers must not change the schema.
func (s *Schemas) Type(name types.Name) *apiextensionsv1.JSONSchemaProps {
	if pkg := s.packages[name.Package]; pkg != nil {
		if schema, ok := s.parser.Schemata[crd.TypeIdent{Package: pkg, Name: name.Name}]; ok {
			return &schema
		}
	}
	return nil
}

// Position returns the position of the marker that implies a rule in the schema of a type or field. It is zero if the marker is the rule
// itself.
func (s *Schemas) Position(owner types.Name, field, rule string) token.Position {
	return s.positions[ruleKey{owner, field, rule}]
}

// Resolve returns the type that a reference in another type's schema refers to.
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

// Problems returns the errors from loading packages of the project in dir and from reading their markers. It returns the first error at
// each position, because later ones are consequences. It omits type errors, which the compiler reports.
func Problems(dir string, roots []*loader.Package) diagnostics.List {
	var out diagnostics.List
	known := map[string]bool{}
	for _, root := range roots {
		for _, problem := range root.Errors {
			if problem.Kind != packages.TypeError && !known[problem.Pos] {
				known[problem.Pos] = true
				out.Add(position(dir, problem.Pos), "%s", plainMessage(problem.Msg))
			}
		}
	}
	return out
}

// position parses file.go:line:column or a prefix of it, and makes the file name relative to dir.
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
