package scaffold

import (
	"maps"

	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/templates"
)

// subresourceData is the template data for a subresource.
type subresourceData struct {
	kindData
	project.Subresource
}

// Type returns the Go type of the objects that clients send to the subresource, or get from it.
func (s subresourceData) Type() string { return s.Kind.SubresourceType(s.Name) }

// Options returns the Go type of the query parameters.
func (s subresourceData) Options() string { return s.Kind.OptionsType(s.Name) }

// Method returns the Go function that implements the subresource.
func (s subresourceData) Method() string { return project.SubresourceMethod(s.Name) }

func (s subresourceData) placeholders() []string {
	return []string{"GROUP", s.Group.Package(), "VERSION", s.Version, "KIND", s.Kind.Package(), "NAME", s.Name}
}

// CopySubresource returns the types of a subresource for each version of its kind, except the version that Render writes it for. Later, a
// new version copies them like all other types.
func CopySubresource(p *project.Project, group project.Group, kind project.Kind, s project.Subresource) (Files, error) {
	out := Files{}
	types, _ := s.Templates()
	for _, version := range kind.Versions {
		if version == kind.Origin() {
			continue
		}
		data := subresourceData{newKindData(p, group, version, kind), s}
		rendered, err := templates.Render(types, data, data.placeholders()...)
		if err != nil {
			return nil, err
		}
		maps.Copy(out, rendered)
	}
	return out, nil
}
