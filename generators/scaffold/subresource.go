package scaffold

import (
	"maps"

	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/templates"
)

// subresourceData is what the templates of a subresource see.
type subresourceData struct {
	kindData
	// Name is the end of the subresource's URL.
	Name string
}

// Type is the Go type of what is POSTed to the subresource.
func (s subresourceData) Type() string { return s.Kind.SubresourceType(s.Name) }

// Method is the Go function that answers.
func (s subresourceData) Method() string { return project.SubresourceMethod(s.Name) }

func (s subresourceData) placeholders() []string {
	return []string{"GROUP", s.Group.Package(), "VERSION", s.Version, "KIND", s.Kind.Package(), "NAME", s.Name}
}

// CopySubresource returns the types of a subresource for each version of its kind but the one that Render writes it for. From then
// on a new version copies them, as it does all types.
func CopySubresource(p *project.Project, group project.Group, kind project.Kind, name string) (Files, error) {
	out := Files{}
	for _, version := range kind.Versions {
		if version == kind.Origin() {
			continue
		}
		data := subresourceData{newKindData(p, group, version, kind), name}
		rendered, err := templates.Render("subresource/types", data, data.placeholders()...)
		if err != nil {
			return nil, err
		}
		maps.Copy(out, rendered)
	}
	return out, nil
}
