package checks

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/diagnostics"
	"github.com/apiserver-builder/builder/generators/internal/apis"
)

// checkReach rejects fields that contain defaults which the generated code does not set. It follows pointers to structs, and lists and maps of
// structs or of pointers to structs. The code that defaulter-gen generates for a list behind a pointer or in a list does not compile.
func (c *checker) checkReach(t *types.Type) diagnostics.List {
	var problems diagnostics.List
	for _, m := range t.Members {
		element := apis.Element(m.Type)
		place := unreached(m.Type)
		if place == "" || apis.TagOf(m).Ignored || !c.defaulted(element, nil) {
			continue
		}
		remedy := fmt.Sprintf("move them to a function SetDefaults_%s", t.Name.Name)
		if !c.own(element) {
			remedy = "declare a type in the API package"
		}
		if m.Type.Kind == types.Pointer && unreached(apis.Resolve(m.Type)) == "" {
			remedy = "use " + strings.TrimPrefix(c.name(m.Type.GoType), "*")
		}
		problems.Add(c.Position(t.Name, m.Name), "field %s of %s: the defaults in %s aren't set %s: %s", m.Name, t.Name.Name, element.Name.Name, place, remedy)
	}
	return problems
}

// checkDefaulter rejects a type with the name of a function that defaulter-gen generates. Without this check, it would be reported only after
// the errors in the defaults are corrected.
func (c *checker) checkDefaulter(t *types.Type) diagnostics.List {
	var problems diagnostics.List
	if name, ok := strings.CutPrefix(t.Name.Name, "SetObjectDefaults_"); ok {
		object := c.Universe[t.Name.Package].Types[name]
		if object != nil && apis.EmbedsMeta(object, "TypeMeta") && c.defaulted(object, nil) {
			problems.Add(c.Position(t.Name, ""), "%s", apis.Clash(t.Name.Name))
		}
	}
	return problems
}

// own reports whether a type belongs to the project.
func (c *checker) own(t *types.Type) bool { return strings.HasPrefix(t.Name.Package, c.Module+"/") }

// unreached describes the place in a field's type where the generated code does not set defaults, or returns "".
func unreached(t *types.Type) string {
	t = apis.Unalias(t)
	pointer := t.Kind == types.Pointer
	switch t = apis.Resolve(t); {
	case t.Kind != types.Slice && t.Kind != types.Map:
		return ""
	case pointer && t.Kind == types.Slice:
		return "behind a pointer to a list"
	case pointer:
		return "behind a pointer to a map"
	}
	in := "in a list"
	if t.Kind == types.Map {
		in = "in a map"
	}
	switch apis.Resolve(t.Elem).Kind {
	case types.Slice:
		return in + " of lists"
	case types.Map:
		return in + " of maps"
	}
	return ""
}

// defaulted reports whether defaulter-gen sets a default in a value of a type. within lists the types that contain it.
func (c *checker) defaulted(t *types.Type, within []*types.Type) bool {
	t = apis.Element(t)
	if t.Kind != types.Struct || slices.Contains(within, t) {
		return false
	}
	if pkg := c.Universe[t.Name.Package]; pkg != nil {
		for name := range pkg.Functions {
			if rest, ok := strings.CutPrefix(name, "SetDefaults_"+t.Name.Name); ok && c.own(t) && (rest == "" || rest[0] == '_') {
				return true
			}
		}
	}
	return slices.ContainsFunc(t.Members, func(m types.Member) bool {
		return c.HasDefault(t.Name, m) || c.defaulted(m.Type, append(slices.Clip(within), t))
	})
}
