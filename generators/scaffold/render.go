// Package scaffold converts a declaration to files. Render is a pure function, a Plan lists the resulting changes to a folder, and Apply
// makes all of them, or none.
package scaffold

import (
	"fmt"
	"go/token"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/templates"
)

// Files maps paths to contents. Paths have slashes and are relative to the project's folder.
type Files map[string][]byte

// Owned reports whether the generators own a path: the file is always rewritten, and is deleted when it is no longer rendered. All other
// files belong to the user once they are written.
func Owned(name string) bool {
	base := name[strings.LastIndexByte(name, '/')+1:]
	return strings.HasPrefix(base, "zz_generated.") || strings.HasPrefix(name, "pkg/generated/")
}

// Render returns every file that depends only on the declaration, including PROJECT.
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
		dirs = []string{"gomod/kinds", "kinds"}
	}
	if p.CertificateOrigin() != project.CertificatesProvided {
		dirs = append(dirs, "certificates/"+p.CertificateOrigin())
	}
	if !p.Etcdless() {
		dirs = append(dirs, "etcd")
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
		if err := add("controller-builtin", newControllerData(c), "NAME", c.ControllerNames().FileStem()); err != nil {
			return nil, err
		}
	}
	for _, a := range p.Admission {
		if err := add("admission", admissionData{a, p}, "NAME", a.Package()); err != nil {
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
		// Use the version that the kind was created in, not the storage version, because these files belong to the user.
		data := newKindData(p, group, kind.Origin(), kind)
		for _, dir := range []string{"kind-" + kind.Shape, "types/" + typesTemplate(kind)} {
			if err := add(dir, data, "GROUP", group.Package(), "VERSION", data.Version, "KIND", kind.Package()); err != nil {
				return err
			}
		}
		if kind.Controller {
			names := []string{"GROUP", group.Package(), "KIND", kind.Package(), "NAME", kind.ControllerNames().FileStem()}
			dir := "controller"
			if kind.Shape != project.ShapeStored || kind.Foreign() {
				dir = "controller-builtin"
			}
			if err := add(dir, data, names...); err != nil {
				return err
			}
		}
		for _, s := range kind.Subresources {
			data := subresourceData{data, s}
			types, function := s.Templates()
			for _, dir := range []string{types, function} {
				if err := add(dir, data, data.placeholders()...); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// typesTemplate returns the folder of the template of a kind's types.
func typesTemplate(kind project.Kind) string {
	switch {
	case kind.Foreign():
		return "foreign"
	case kind.Listed():
		return "listed"
	}
	return kind.Shape
}

// add adds files. It returns an error if a file exists with different content.
func (f Files) add(more Files) error {
	for name, content := range more {
		if was, ok := f[name]; ok && string(was) != string(content) {
			return fmt.Errorf("two templates make %s", name)
		}
		f[name] = content
	}
	return nil
}

// Paths returns the sorted paths.
func (f Files) Paths() []string { return slices.Sorted(maps.Keys(f)) }

// versionData is the template data for a group version.
type versionData struct {
	Project            *project.Project
	Group              project.Group
	GroupName, Version string
	// ImportPath and Alias identify the version's Go package.
	ImportPath, Alias string
	// ModelPackage is the prefix of the version's types in OpenAPI, such as com.example.fruit.v1alpha1.
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

// RBACGroup returns the group in the syntax of +kubebuilder:rbac.
func (v versionData) RBACGroup() string {
	if v.GroupName == "" {
		return `""`
	}
	return v.GroupName
}

// kindData is the template data for a kind.
type kindData struct {
	versionData
	Kind project.Kind
	// ClientMethod is the method of the version's generated client that returns the kind's client.
	ClientMethod string
}

func newKindData(p *project.Project, group project.Group, version string, kind project.Kind) kindData {
	return kindData{newVersionData(p, group, version), kind, p.GoPlural(kind.Name)}
}

// ClientMarkers returns the client-gen markers of the kind in addition to +genclient.
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

// ForeignAlias returns the name under which the file of a foreign kind imports the package of its types.
func (k kindData) ForeignAlias() string {
	name := path.Base(k.Kind.TypesPackage)
	if parent := path.Base(path.Dir(k.Kind.TypesPackage)); foreignVersion.MatchString(name) {
		name = parent + name
	}
	name = strings.ToLower(notIdentifier.ReplaceAllString(name, ""))
	if name == "" || token.IsKeyword(name) || !token.IsIdentifier(name) {
		return "foreign"
	}
	return name
}

var (
	foreignVersion = regexp.MustCompile(`^v\d+((alpha|beta)\d+)?$`)
	notIdentifier  = regexp.MustCompile(`[^A-Za-z0-9]+`)
)

// ResourceMarker returns the arguments of +kubebuilder:resource.
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
