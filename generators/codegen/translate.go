package codegen

import (
	"slices"
	"strings"

	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/markers"
)

// translate says in the words that Kubernetes' generators know what the API types' markers say in kubebuilder's. It adds lines to
// the comments of the loaded types; the source is not touched.
func (p *Packages) translate() {
	for _, api := range p.options.APIs {
		for _, t := range p.Universe[api.Package].Types {
			if t.Name.Package == api.Package {
				p.translateType(t)
			}
		}
	}
	for name := range p.own {
		p.translateType(p.Universe.Type(name))
	}
}

func (p *Packages) translateType(t *types.Type) {
	own := p.newSet(p.Markers(t.Name, ""))
	t.CommentLines = withLines(t.CommentLines, topology(own))
	if own.first("k8s:enum") != nil {
		t.CommentLines = withLines(t.CommentLines, []string{"+enum"})
	}
	optional := p.newSet(p.packageMarkers(t.Name.Package)).first("kubebuilder:validation:Optional") != nil
	for i := range t.Members {
		m := &t.Members[i]
		m.CommentLines = withLines(m.CommentLines, p.translation(t, *m, optional))
	}
}

func (p *Packages) packageMarkers(pkg string) []markers.Marker {
	return slices.DeleteFunc(slices.Clone(p.source.packages[pkg].markers), func(m markers.Marker) bool { return m.On != markers.Package })
}

// withLines adds the lines that are not there. The comments of types are shared, so they are copied.
func withLines(comments, lines []string) []string {
	comments = slices.Clone(comments)
	for _, line := range lines {
		if !slices.Contains(comments, line) {
			comments = append(comments, line)
		}
	}
	return comments
}

// translation is what to add to the comments of a field.
func (p *Packages) translation(t *types.Type, m types.Member, optionalPackage bool) []string {
	own := p.newSet(p.Markers(t.Name, m.Name))
	lines := topology(own)
	if named := namedType(m.Type); len(lines) == 0 && named != nil {
		lines = topology(p.newSet(p.Markers(named.Name, "")))
	}
	if _, value := p.defaultOf(own, m.Type); value != "" && own.first("default") == nil {
		lines = append(lines, "+default="+value)
	}
	return append(lines, presence(own, m, optionalPackage)...)
}

// namedType is the declared list or map that a field is of, for whose markers openapi-gen does not look, or nil.
func namedType(t *types.Type) *types.Type {
	if t.Kind == types.Pointer {
		t = t.Elem
	}
	if t.Kind != types.Alias {
		return nil
	}
	return t
}

// topology is how lists, maps and structs are merged.
func topology(s set) []string {
	var lines []string
	for _, name := range []string{"listType", "listMapKey", "mapType", "structType"} {
		for _, m := range append(slices.Clone(s[name]), s["k8s:"+name]...) {
			_, value, _ := strings.Cut(m.Text, "=")
			lines = append(lines, "+"+name+"="+strings.Trim(value, "\"`"))
		}
	}
	return lines
}

// presence says whether a field is optional, as controller-tools decides it.
func presence(s set, m types.Member, optionalPackage bool) []string {
	switch {
	case jsonName(m) == "" || s.first("optional", "required") != nil:
		return nil
	case s.first("k8s:optional", "kubebuilder:validation:Optional") != nil:
		return []string{"+optional"}
	case s.first("k8s:required", "kubebuilder:validation:Required") != nil:
		return []string{"+required"}
	case optionalPackage || omits(m, "omitzero"):
		return []string{"+optional"}
	}
	return nil
}
