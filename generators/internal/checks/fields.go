package checks

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/diagnostics"
	"github.com/apiserver-builder/builder/generators/internal/apis"
)

// checkNames rejects structs with several fields of the same JSON name, including inlined fields.
func (c *checker) checkNames(t *types.Type) diagnostics.List {
	var problems diagnostics.List
	if apis.DescribesItself(t) || t.Kind != types.Struct {
		return nil
	}
	_, ambiguous := apis.JSONFields(t)
	named := map[string]string{}
	for _, m := range t.Members {
		names := []string{apis.JSONName(m)}
		if apis.Inlined(m) {
			names = nil
			inner, _ := apis.JSONFields(apis.Resolve(m.Type))
			for _, f := range inner {
				names = append(names, f.JSON)
			}
		}
		for _, name := range names {
			other := named[name]
			switch {
			case name == "" || other == m.Name:
			case other == "":
				named[name] = m.Name
			case slices.Contains(ambiguous, name):
				problems.Add(c.Position(t.Name, m.Name), "fields %s and %s of %s have the same name in JSON, %q, so that neither would be written: change one of their json tags",
					other, m.Name, t.Name.Name, name)
			default:
				problems.Add(c.Position(t.Name, m.Name), "fields %s and %s of %s have the same name in JSON, %q, and server-side apply would set both: change one of their json tags", other, m.Name, t.Name.Name, name)
			}
		}
	}
	return problems
}

// checkExternal rejects fields with a type of another package that contains a type without an OpenAPI definition. If the field itself has
// such a type, checkShapes rejects it.
func (c *checker) checkExternal() diagnostics.List {
	missing := map[types.Name]bool{}
	for name := range c.External {
		t := c.Universe.Type(name)
		missing[name] = !c.HasDefinition(t) && !apis.DescribesItself(t)
	}
	var problems diagnostics.List
	for _, api := range c.APIs {
		for _, t := range c.Universe[api.Package].Types {
			for _, m := range t.Members {
				outer := apis.Element(m.Type)
				if c.IsAPI(outer.Name.Package) || missing[outer.Name] || !apis.InOpenAPI(m) {
					continue
				}
				if inner := within(outer, missing, map[*types.Type]bool{}); inner != nil {
					problems.Add(c.Position(t.Name, m.Name), "field %s of %s: %s contains the type %s, which has no OpenAPI definition: %s",
						m.Name, t.Name.Name, outer.Name, inner.Name, c.describe(inner.Name))
				}
			}
		}
	}
	return problems
}

// describe returns the remedy for a type of another package without an OpenAPI definition.
func (c *checker) describe(name types.Name) string {
	if strings.HasPrefix(name.Package, c.Module+"/") {
		return "declare a type in the API package, or put // +k8s:openapi-gen=true on that one"
	}
	return "declare a type in the API package"
}

// within returns the first of some types that a type contains, or nil.
func within(t *types.Type, wanted map[types.Name]bool, seen map[*types.Type]bool) *types.Type {
	if t == nil || seen[t] {
		return nil
	}
	seen[t] = true
	if wanted[t.Name] {
		return t
	}
	for _, m := range t.Members {
		if found := within(m.Type, wanted, seen); found != nil && apis.InOpenAPI(m) {
			return found
		}
	}
	return cmp.Or(within(t.Elem, wanted, seen), within(t.Underlying, wanted, seen))
}
