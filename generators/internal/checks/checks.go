// Package checks reports API types that cannot work, with reasons.
package checks

import (
	"go/token"
	gotypes "go/types"
	"slices"
	"strings"

	"k8s.io/gengo/v2/namer"
	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/diagnostics"
	"github.com/apiserver-builder/builder/generators/internal/apis"
)

// A checker finds errors in the types and markers of a model.
type checker struct {
	*apis.Model
}

// Check returns errors that Kubernetes' generators would report one at a time and without a position, or that would lead to generated code
// that does not compile or to a server that does not start.
func Check(m *apis.Model) diagnostics.List {
	return slices.DeleteFunc((&checker{m}).check(), isConsequence)
}

// isConsequence reports whether an error is about a type that does not compile. The compiler reports the cause.
func isConsequence(d diagnostics.Diagnostic) bool {
	return strings.Contains(d.Message, gotypes.Typ[gotypes.Invalid].Name())
}

// Markers returns the errors in single markers of the API packages. It does not need types.
func Markers(m *apis.Model) diagnostics.List {
	var problems diagnostics.List
	for _, api := range m.APIs {
		for _, marker := range m.MarkersIn(api.Package) {
			if problem := m.Registry.Check(marker); problem != "" {
				problems.Add(marker.Pos, "%s", problem)
			}
		}
	}
	return problems
}

func (c *checker) check() diagnostics.List {
	var problems diagnostics.List
	for _, api := range c.APIs {
		problems = append(problems, c.checkPackage(api)...)
		problems = append(problems, c.checkMarkers(api.Package)...)
		problems = append(problems, c.checkShapes(api)...)
		problems = append(problems, c.checkAliases(api)...)
		for _, t := range c.Universe[api.Package].Types {
			if t.Name.Package != api.Package || namer.IsPrivateGoName(t.Name.Name) {
				continue
			}
			problems = append(problems, c.checkKind(t)...)
			problems = append(problems, c.checkNames(t)...)
			problems = append(problems, c.checkReach(t)...)
			problems = append(problems, c.checkDefaulter(t)...)
		}
	}
	others := map[string]bool{}
	for name := range c.Own {
		if !others[name.Package] {
			problems = append(problems, c.checkMarkers(name.Package)...)
		}
		others[name.Package] = true
	}
	for _, m := range c.InterfaceMarkers() {
		pkg := c.Universe[m.Name.Package]
		if m.Name.Package == "" || pkg == nil || pkg.Types[m.Name.Name] == nil || pkg.Types[m.Name.Name].Kind != types.Interface {
			problems.Add(m.Pos, "%s%s names no interface: an API object needs %s%s", apis.InterfacesMarker, m.Name, apis.InterfacesMarker, apis.RuntimeObject)
		}
	}
	problems.Merge(c.checkExternal())
	return problems
}

// checkPackage checks the markers in doc.go.
func (c *checker) checkPackage(api apis.API) diagnostics.List {
	var problems diagnostics.List
	comments, pos := c.Universe[api.Package].Comments, c.PackagePosition(api.Package)
	wanted := []struct{ name, value string }{
		{"groupName", api.Group},
		{"k8s:deepcopy-gen", "package"},
		{"k8s:defaulter-gen", "TypeMeta"},
		{"k8s:openapi-gen", "true"},
	}
	for _, w := range wanted {
		switch got := apis.TagValues(comments, w.name); {
		case len(got) == 0:
			problems.Add(pos, "doc.go of %s/%s lacks the marker // +%s=%s", api.Group, api.Version, w.name, w.value)
		case !slices.Contains(got, w.value):
			problems.Add(pos, "doc.go of %s/%s has +%s=%s where +%s=%s is needed", api.Group, api.Version, w.name, got[0], w.name, w.value)
		}
	}
	if len(apis.TagValues(comments, apis.ModelPackageTag)) == 0 {
		problems.Add(pos, "doc.go of %s/%s lacks the marker // +%s=%s", api.Group, api.Version, apis.ModelPackageTag, modelPackage(api))
	}
	label, _, _ := strings.Cut(api.Group, ".")
	goName := append(apis.TagValues(comments, "groupGoName"), label)[0]
	if !token.IsIdentifier(namer.IC(goName)) {
		problems.Add(pos, "doc.go of %s/%s needs a marker such as // +groupGoName=%s, because %q can't be part of a Go name", api.Group, api.Version, goNameFor(label), goName)
	}
	return problems
}

// modelPackage returns the conventional value of +k8s:openapi-model-package: the reversed group, and the version.
func modelPackage(api apis.API) string {
	parts := strings.Split(api.Group, ".")
	slices.Reverse(parts)
	return strings.Join(append(parts, api.Version), ".")
}

func goNameFor(label string) string {
	var b strings.Builder
	for _, part := range strings.Split(label, "-") {
		b.WriteString(namer.IC(part))
	}
	return b.String()
}

// checkKind checks the markers of an API object, or of a type with a client.
func (c *checker) checkKind(t *types.Type) diagnostics.List {
	var problems diagnostics.List
	if c.Foreign[t.Name] != nil { // checkAliases checks it
		return nil
	}
	pos, name := c.Position(t.Name, ""), t.Name.Name
	if apis.EmbedsMeta(t, "TypeMeta") && !apis.IsRuntimeObject(t) {
		problems.Add(pos, "%s is an API object, so it needs the marker // %s%s", name, apis.InterfacesMarker, apis.RuntimeObject)
	}
	tags, err := apis.ClientTags(t)
	switch {
	case err != nil: // checkMarkers reports it
	case !tags.GenerateClient || tags.NoVerbs:
	case !apis.EmbedsMeta(t, "TypeMeta") || !apis.EmbedsMeta(t, "ObjectMeta"):
		problems.Add(pos, "%s has +genclient, so it must embed metav1.TypeMeta and metav1.ObjectMeta", name)
	case tags.HasVerb("list") && c.Universe[t.Name.Package].Types[name+"List"] == nil:
		problems.Add(pos, "%s has +genclient, so its package must declare %sList", name, name)
	}
	return problems
}
