// Package scaffold turns a declaration into files: Render is pure, a Plan says what it would change in a folder, and Apply
// changes it, all or nothing.
package scaffold

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/templates"
)

// Files are contents by slash-separated path, relative to the project's folder.
type Files map[string][]byte

// Owned says whether a path is the generators': always rewritten, and deleted when nothing makes it any more. All other
// files are the user's once they are written.
func Owned(name string) bool {
	base := name[strings.LastIndexByte(name, '/')+1:]
	return strings.HasPrefix(base, "zz_generated.") || strings.HasPrefix(name, "pkg/generated/")
}

// Render returns every file that follows from the declaration alone, PROJECT included.
func Render(p *project.Project) (Files, error) {
	declaration, err := p.Marshal()
	if err != nil {
		return nil, err
	}
	out := Files{project.FileName: declaration}
	add := func(dir string, data any, placeholders ...string) error {
		rendered, err := templates.Render(dir, data, placeholders...)
		if err != nil {
			return err
		}
		return out.add(rendered)
	}
	if err := add("project", p); err != nil {
		return nil, err
	}
	dirs := []string{"gomod/empty"}
	if p.HasKinds() {
		dirs = []string{"gomod/kinds", "roundtrip"}
	}
	for _, dir := range dirs {
		if err := add(dir, p); err != nil {
			return nil, err
		}
	}
	for _, group := range p.Groups {
		if err := renderGroup(p, group, add); err != nil {
			return nil, err
		}
	}
	for _, c := range p.Controllers {
		if err := add("controller", newControllerData(c), "KIND", c.ControllerNames().FileStem()); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func renderGroup(p *project.Project, group project.Group, add func(string, any, ...string) error) error {
	for _, version := range group.Versions {
		if err := add("version", newVersionData(p, group, version), "GROUP", group.Package(), "VERSION", version); err != nil {
			return err
		}
	}
	for _, kind := range group.Kinds {
		// In the version that the kind was created in, whichever is stored now: these files are the user's.
		data := newKindData(p, group, kind.Origin(), kind)
		if err := add("kind", data, "GROUP", group.Package(), "VERSION", data.Version, "KIND", kind.Package()); err != nil {
			return err
		}
		if kind.Controller {
			if err := add(controllerTemplates(kind), data, "KIND", kind.ControllerNames().FileStem()); err != nil {
				return err
			}
		}
		for _, name := range kind.Subresources {
			data := subresourceData{data, name}
			for _, dir := range []string{"subresource/types", "subresource/function"} {
				if err := add(dir, data, data.placeholders()...); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// controllerTemplates is the folder of the templates of a kind's controller.
func controllerTemplates(kind project.Kind) string {
	if kind.Status {
		return "controller-status"
	}
	return "controller"
}

// add adds files, none of which may be there with another content.
func (f Files) add(more Files) error {
	for name, content := range more {
		if was, ok := f[name]; ok && string(was) != string(content) {
			return fmt.Errorf("two templates make %s", name)
		}
		f[name] = content
	}
	return nil
}

// Paths returns the paths in order.
func (f Files) Paths() []string { return slices.Sorted(maps.Keys(f)) }

// versionData is what the templates of a group version see.
type versionData struct {
	Project            *project.Project
	Group              project.Group
	GroupName, Version string
	// ImportPath and Alias are the version's Go package.
	ImportPath, Alias string
	// ModelPackage begins the names of the version's types in OpenAPI: com.example.fruit.v1alpha1.
	ModelPackage string
}

func newVersionData(p *project.Project, group project.Group, version string) versionData {
	labels := strings.Split(p.FullName(group), ".")
	slices.Reverse(labels)
	return versionData{
		Project: p, Group: group, GroupName: p.FullName(group), Version: version,
		ImportPath:   p.Module + "/pkg/apis/" + group.Package() + "/" + version,
		Alias:        group.Package() + version,
		ModelPackage: strings.Join(append(labels, version), "."),
	}
}

// RBACGroup is the group as +kubebuilder:rbac wants it.
func (v versionData) RBACGroup() string {
	if v.GroupName == "" {
		return `""`
	}
	return v.GroupName
}

// kindData is what the templates of a kind see.
type kindData struct {
	versionData
	Kind project.Kind
	// ClientMethod is the method of the generated client of the version that returns the kind's.
	ClientMethod string
}

func newKindData(p *project.Project, group project.Group, version string, kind project.Kind) kindData {
	return kindData{newVersionData(p, group, version), kind, p.GoPlural(kind.Name)}
}

// ClientMarkers are what client-gen has to be told of the kind beyond +genclient.
func (k kindData) ClientMarkers() []string {
	var out []string
	if k.Kind.ClusterScoped {
		out = append(out, "+genclient:nonNamespaced")
	}
	if k.Kind.Plural != "" {
		out = append(out, "+resourceName="+k.Kind.Plural)
	}
	return out
}

// ResourceMarker are the arguments of +kubebuilder:resource.
func (k kindData) ResourceMarker() string {
	scope := "Namespaced"
	if k.Kind.ClusterScoped {
		scope = "Cluster"
	}
	args := []string{"path=" + k.Kind.Resource(), "scope=" + scope}
	if len(k.Kind.ShortNames) > 0 {
		args = append(args, "shortName="+strings.Join(k.Kind.ShortNames, ";"))
	}
	if len(k.Kind.Categories) > 0 {
		args = append(args, "categories="+strings.Join(k.Kind.Categories, ";"))
	}
	return strings.Join(args, ",")
}
