package codegen

import (
	"go/token"
	"slices"
	"strings"

	"k8s.io/code-generator/cmd/client-gen/generators/util"
	"k8s.io/gengo/v2/namer"
	"k8s.io/gengo/v2/types"
)

const metaV1 = "k8s.io/apimachinery/pkg/apis/meta/v1"

// check looks for the mistakes that the generators would stop at, one at a time and without saying where, or would turn into
// code that does not compile or a server that does not start.
func (p *Packages) check() Diagnostics {
	var problems Diagnostics
	for _, api := range p.options.APIs {
		problems = append(problems, p.checkPackage(api)...)
		problems = append(problems, p.checkMarkers(api.Package)...)
		for _, t := range p.Universe[api.Package].Types {
			if t.Name.Package != api.Package || namer.IsPrivateGoName(t.Name.Name) {
				continue
			}
			problems = append(problems, p.checkKind(t)...)
			problems = append(problems, p.checkFields(t)...)
		}
	}
	others := map[string]bool{}
	for name := range p.own {
		if !others[name.Package] {
			problems = append(problems, p.checkMarkers(name.Package)...)
		}
		others[name.Package] = true
	}
	for _, m := range p.source.interfaceMarkers() {
		pkg := p.Universe[m.name.Package]
		if m.name.Package == "" || pkg == nil || pkg.Types[m.name.Name] == nil || pkg.Types[m.name.Name].Kind != types.Interface {
			problems.add(m.pos, "%s%s names no interface: an API object needs %s%s", interfacesMarker, m.name, interfacesMarker, runtimeObject)
		}
	}
	return append(problems, p.checkExternal()...)
}

// tag gives the values of a marker, which has the form +name=value.
func tag(comments []string, name string) []string {
	var values []string
	for _, line := range comments {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "+"+name+"="); ok {
			values = append(values, value)
		}
	}
	return values
}

// checkPackage checks the markers in doc.go.
func (p *Packages) checkPackage(api API) Diagnostics {
	var problems Diagnostics
	comments, pos := p.Universe[api.Package].Comments, p.PackagePosition(api.Package)
	wanted := []struct{ name, value string }{
		{"groupName", api.Group},
		{"k8s:deepcopy-gen", "package"},
		{"k8s:defaulter-gen", "TypeMeta"},
		{"k8s:openapi-gen", "true"},
	}
	for _, w := range wanted {
		switch got := tag(comments, w.name); {
		case len(got) == 0:
			problems.add(pos, "doc.go of %s/%s lacks the marker // +%s=%s", api.Group, api.Version, w.name, w.value)
		case !slices.Contains(got, w.value):
			problems.add(pos, "doc.go of %s/%s has +%s=%s where +%s=%s is needed", api.Group, api.Version, w.name, got[0], w.name, w.value)
		}
	}
	if len(tag(comments, modelPackageTag)) == 0 {
		problems.add(pos, "doc.go of %s/%s lacks the marker // +%s=%s", api.Group, api.Version, modelPackageTag, modelPackage(api))
	}
	label, _, _ := strings.Cut(api.Group, ".")
	goName := append(tag(comments, "groupGoName"), label)[0]
	if !token.IsIdentifier(namer.IC(goName)) {
		problems.add(pos, "doc.go of %s/%s needs a marker such as // +groupGoName=%s, because %q can't be part of a Go name", api.Group, api.Version, goNameFor(label), goName)
	}
	return problems
}

// modelPackage is the usual value of +k8s:openapi-model-package: the group in reverse, and the version.
func modelPackage(api API) string {
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

// hasClient says whether a type of the package asks for a client.
func (p *Packages) hasClient(pkg string) bool {
	for _, t := range p.Universe[pkg].Types {
		if tags, err := util.ParseClientGenTags(comments(t)); err == nil && tags.GenerateClient {
			return true
		}
	}
	return false
}

// checkKind checks the markers of a type that is an API object, and of one that asks for a client.
func (p *Packages) checkKind(t *types.Type) Diagnostics {
	var problems Diagnostics
	pos, name := p.Position(t.Name, ""), t.Name.Name
	if embeds(t, "TypeMeta") && !isRuntimeObject(t) {
		problems.add(pos, "%s is an API object, so it needs the marker // %s%s", name, interfacesMarker, runtimeObject)
	}
	tags, err := util.ParseClientGenTags(comments(t))
	switch {
	case err != nil: // told with the markers
	case !tags.GenerateClient || tags.NoVerbs:
	case !embeds(t, "TypeMeta") || !embeds(t, "ObjectMeta"):
		problems.add(pos, "%s has +genclient, so it must embed metav1.TypeMeta and metav1.ObjectMeta", name)
	case tags.HasVerb("list") && p.Universe[t.Name.Package].Types[name+"List"] == nil:
		problems.add(pos, "%s has +genclient, so its package must declare %sList", name, name)
	}
	return problems
}

// embeds says whether a struct embeds a type of metav1.
func embeds(t *types.Type, name string) bool {
	return slices.ContainsFunc(t.Members, func(m types.Member) bool {
		return m.Embedded && m.Type.Name == types.Name{Package: metaV1, Name: name}
	})
}

func isRuntimeObject(t *types.Type) bool {
	if t.Methods["DeepCopyObject"] != nil {
		return true
	}
	for _, list := range tag(comments(t), strings.Trim(interfacesMarker, "+=")) {
		if slices.Contains(strings.Split(list, ","), runtimeObject) {
			return true
		}
	}
	return false
}
