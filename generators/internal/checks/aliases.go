package checks

import (
	"slices"
	"strings"

	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/diagnostics"
	"github.com/apiserver-builder/builder/generators/internal/apis"
)

// checkAliases rejects API objects that are aliases of types that cannot be API objects.
func (c *checker) checkAliases(api apis.API) diagnostics.List {
	var problems diagnostics.List
	for _, object := range api.Objects {
		name := types.Name{Package: api.Package, Name: object}
		pos := c.Position(name, "")
		foreign := c.Foreign[name]
		switch {
		case !pos.IsValid():
		case foreign == nil && c.Universe[api.Package].Types[object] == nil:
			if of := c.Aliased(name); of.Name != "" {
				problems.Add(pos, "%s must be an alias of a struct, in the package of another module that declares it, and %s is not one", object, of)
			} else {
				problems.Add(pos, "%s is an alias: declare it without the equals sign, or as an alias of a struct in another module", object)
			}
		case foreign == nil:
		case foreign.Name.Name != object:
			problems.Add(pos, "%s must have the name %s, because the server gets the name of a kind from its Go type", object, foreign.Name.Name)
		case !apis.EmbedsMeta(foreign, "TypeMeta"):
			problems.Add(pos, "%s is not an API type: it does not embed metav1.TypeMeta", foreign.Name)
		case slices.Contains(api.Kinds, object) && !apis.EmbedsMeta(foreign, "ObjectMeta"):
			problems.Add(pos, "%s is not an API type: it does not embed metav1.ObjectMeta", foreign.Name)
		case !apis.IsRuntimeObject(foreign) && !apis.HasLine(apis.Comments(foreign), "+kubebuilder:object:root=true"):
			problems.Add(pos, "%s is not an API type: it does not implement %s", foreign.Name, strings.TrimPrefix(apis.RuntimeObject, "k8s.io/apimachinery/pkg/"))
		}
	}
	return problems
}
