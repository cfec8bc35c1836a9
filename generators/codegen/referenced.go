package codegen

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"k8s.io/gengo/v2/types"
	"k8s.io/kube-openapi/pkg/common"
)

// loadReferenced finds the types outside the API packages that API objects are made of, such as corev1.ResourceRequirements:
// a server whose OpenAPI definitions lack one of them fails at start. Their packages were loaded as dependencies, so this only
// makes gengo read them with their comments.
func (p *Packages) loadReferenced() error {
	p.external, p.own = map[types.Name]bool{}, map[types.Name]bool{}
	packages := map[string]bool{}
	p.reach(func(t *types.Type) {
		if p.described(t.Name.Package) {
			return
		}
		own := strings.HasPrefix(t.Name.Package, p.options.Module+"/")
		if own {
			p.own[t.Name] = true
		}
		if t.Kind == types.Struct {
			p.external[t.Name] = true
		}
		if own || t.Kind == types.Struct {
			packages[t.Name.Package] = true
		}
	})
	err := quietly(func() error {
		_, err := p.context.LoadPackages(slices.Sorted(maps.Keys(packages))...)
		return err
	})
	if err != nil {
		return fmt.Errorf("reading the packages that the API types refer to: %w", err)
	}
	var problems Diagnostics
	for name := range p.own {
		problems = append(problems, p.source.addReferenced(name.Package)...)
	}
	return problems.err()
}

// described says whether all types of a package have OpenAPI definitions, if they are tagged.
func (p *Packages) described(pkg string) bool {
	return slices.Contains(openAPIBase, pkg) || p.options.isAPI(pkg)
}

// reach visits each declared type that the OpenAPI definitions of the API types refer to, and those types themselves.
func (p *Packages) reach(visit func(*types.Type)) {
	seen := map[types.Name]bool{}
	var walk func(*types.Type)
	members := func(t *types.Type) {
		for _, m := range t.Members {
			if inOpenAPI(m) {
				walk(m.Type)
			}
		}
	}
	walk = func(t *types.Type) {
		if format, _ := common.OpenAPITypeFormat(t.Name.String()); format != "" {
			return
		}
		switch t.Kind {
		case types.Pointer, types.Slice, types.Array, types.Map:
			walk(t.Elem)
		case types.Alias:
			if t.Name.Package != "" && !seen[t.Name] {
				seen[t.Name] = true
				visit(t)
			}
			walk(t.Underlying)
		case types.Struct:
			if t.Name.Package == "" || seen[t.Name] {
				return
			}
			seen[t.Name] = true
			visit(t)
			if !slices.Contains(openAPIBase, t.Name.Package) && !describesItself(t) {
				members(t)
			}
		}
	}
	for _, api := range p.options.APIs {
		for _, t := range p.Universe[api.Package].Types {
			walk(t)
		}
	}
	if p.source.scaled() {
		walk(p.Universe.Type(scale))
	}
}

// describesItself says whether a type's OpenAPI definition comes from its own methods and not from its fields.
func describesItself(t *types.Type) bool {
	return t.Methods["OpenAPISchemaType"] != nil || t.Methods["OpenAPIDefinition"] != nil || t.Methods["OpenAPIV3Definition"] != nil
}

// inOpenAPI says whether a field is part of its type's OpenAPI definition.
func inOpenAPI(m types.Member) bool {
	name, _, _ := strings.Cut(reflect.StructTag(m.Tags).Get("json"), ",")
	return name != "-" && !openAPITag(m.CommentLines, "false")
}

// openAPITag says whether the comments ask for an OpenAPI definition ("true") or refuse one ("false").
func openAPITag(comments []string, value string) bool {
	return slices.Contains(tag(comments, "k8s:openapi-gen"), value)
}

// hasDefinition says whether openapi-gen writes a definition of the type, given that its package is read.
func (p *Packages) hasDefinition(t *types.Type) bool {
	if openAPITag(t.CommentLines, "false") {
		return false
	}
	return openAPITag(t.CommentLines, "true") || openAPITag(p.Universe.Package(t.Name.Package).Comments, "true")
}
