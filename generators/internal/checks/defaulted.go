package checks

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/diagnostics"
	"github.com/apiserver-builder/builder/generators/internal/apis"
)

// checkReach rejects fields that contain defaults which defaulter-gen does not set. It follows pointers to structs, lists of structs, and
// lists of pointers to structs. It ignores the values of maps, and the code that it generates for a list behind a pointer or in a list does
// not compile.
func (c *checker) checkReach(t *types.Type) diagnostics.List {
	var problems diagnostics.List
	for _, m := range t.Members {
		element := apis.Element(m.Type)
		place, compiles := unreached(m.Type)
		if place == "" || apis.TagOf(m).Ignored || !c.defaulted(element, nil) || compiles && !c.own(element) {
			continue
		}
		remedy := fmt.Sprintf("move them to a function SetDefaults_%s", t.Name.Name)
		if !c.own(element) {
			remedy = "declare a type in the API package"
		}
		if list := apis.Unalias(apis.Resolve(m.Type)); list.Kind == types.Slice && m.Type.Kind == types.Pointer && apis.Unalias(list.Elem).Kind == types.Struct {
			remedy = "use " + strings.TrimPrefix(c.name(m.Type.GoType), "*")
		}
		problems.Add(c.Position(t.Name, m.Name), "field %s of %s: the defaults in %s aren't set %s: %s", m.Name, t.Name.Name, element.Name.Name, place, remedy)
	}
	return problems
}

// own reports whether a type belongs to the project.
func (c *checker) own(t *types.Type) bool { return strings.HasPrefix(t.Name.Package, c.Module+"/") }

// unreached describes the place in a field's type where defaulter-gen does not set defaults, or returns "". It also reports whether
// defaulter-gen's code for the field compiles.
func unreached(t *types.Type) (place string, compiles bool) {
	t = apis.Unalias(t)
	pointer := t.Kind == types.Pointer
	switch t = apis.Resolve(t); {
	case t.Kind == types.Map:
		return "in the values of a map", true
	case t.Kind != types.Slice:
		return "", true
	case pointer:
		return "behind a pointer to a list", false
	}
	switch apis.Resolve(t.Elem).Kind {
	case types.Slice:
		return "in a list of lists", false
	case types.Map:
		return "in a list of maps", false
	}
	return "", true
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
