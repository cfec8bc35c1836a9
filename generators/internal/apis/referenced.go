package apis

import (
	"fmt"
	"go/token"
	"maps"
	"slices"
	"strings"

	"k8s.io/gengo/v2/types"
	"k8s.io/kube-openapi/pkg/common"

	"github.com/apiserver-builder/builder/generators/diagnostics"
	"github.com/apiserver-builder/builder/generators/internal/inprocess"
)

// loadReferenced finds the types outside the API packages that API objects contain, such as corev1.ResourceRequirements. A server does not
// start if one of them has no OpenAPI definition. Their packages are already loaded as dependencies; loadReferenced makes gengo read their
// comments too.
func (m *Model) loadReferenced() error {
	m.External, m.Own = map[types.Name]bool{}, map[types.Name]bool{}
	packages := map[string]bool{}
	m.reach(func(t *types.Type) {
		if m.described(t.Name.Package) {
			return
		}
		own := strings.HasPrefix(t.Name.Package, m.Module+"/")
		if own {
			m.Own[t.Name] = true
		}
		if t.Kind == types.Struct {
			m.External[t.Name] = true
		}
		if own || t.Kind == types.Struct {
			packages[t.Name.Package] = true
		}
	})
	err := inprocess.Quietly(func() error {
		_, err := m.Context.LoadPackages(slices.Sorted(maps.Keys(packages))...)
		return err
	})
	if err != nil {
		return fmt.Errorf("reading the packages that the API types refer to: %w", err)
	}
	var problems diagnostics.List
	for name := range m.Own {
		problems = append(problems, m.source.addReferenced(name.Package)...)
	}
	return problems.Err()
}

// described reports whether all types of a package with openapi-gen tags have OpenAPI definitions.
func (m *Model) described(pkg string) bool {
	return slices.Contains(OpenAPIBase, pkg) || m.IsAPI(pkg)
}

// reach visits the API types, and each declared type that their OpenAPI definitions refer to.
func (m *Model) reach(visit func(*types.Type)) {
	seen := map[types.Name]bool{}
	var walk func(*types.Type)
	members := func(t *types.Type) {
		for _, m := range t.Members {
			if InOpenAPI(m) {
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
			if !slices.Contains(OpenAPIBase, t.Name.Package) && !DescribesItself(t) {
				members(t)
			}
		}
	}
	for _, api := range m.APIs {
		for _, t := range m.Universe[api.Package].Types {
			if token.IsExported(t.Name.Name) { // the generators skip all others
				walk(t)
			}
		}
	}
	for _, t := range m.Foreign {
		walk(t)
	}
	if m.source.scaled() {
		walk(m.Universe.Type(scale))
	}
}
