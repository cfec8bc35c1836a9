// Package wiring makes what no upstream generator does: the registration of each group version's types, each kind's
// strategy, storage and table, and the server and the manager that put them together. It reads the Go types that codegen
// has loaded and the markers on them.
package wiring

import (
	"cmp"
	"fmt"
	"go/token"
	"path"
	"slices"

	"k8s.io/gengo/v2"
	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/codegen"
	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/templates"
)

// deepCopyMarker makes deepcopy-gen give a type the method that runtime.Object needs.
const deepCopyMarker = "+k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object"

// hidden begins each file, as upstream's generated ones: it keeps them from the generators, so that even a broken one is restored.
const hidden = "//go:build !" + gengo.StdBuildTag + "\n\n"

// Generate returns the wiring of the project p, as formatted files by path. What is wrong with the types
// and their markers comes back as codegen.Diagnostics. validated says that there is a package of generated validation.
func Generate(p *project.Project, packages *codegen.Packages, validated bool) (map[string][]byte, error) {
	r := &reader{project: p, packages: packages, universe: packages.Universe}
	server := r.server()
	server.Validated = validated
	if len(r.problems) > 0 {
		slices.SortFunc(r.problems, func(a, b codegen.Diagnostic) int {
			return cmp.Or(cmp.Compare(a.Pos.Filename, b.Pos.Filename), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Message, b.Message))
		})
		return nil, r.problems
	}
	return render(server)
}

// render renders the templates of wiring.
func render(server *Server) (map[string][]byte, error) {
	out := map[string][]byte{}
	add := func(dir string, data any, placeholders ...string) error {
		files, err := templates.Render("wiring/"+dir, data, placeholders...)
		if err != nil {
			return err
		}
		for name, content := range files {
			if path.Ext(name) == ".go" {
				content = append([]byte(hidden), content...)
			}
			out[name] = content
		}
		return nil
	}
	if err := add("project", server); err != nil {
		return nil, err
	}
	for _, optional := range []struct {
		dir    string
		wanted bool
	}{
		{"roundtrip", len(server.Kinds) > 0},
		{"deprecation", server.Deprecated()},
		{"scale", server.Scaled()},
		{"fields", len(server.Selectable()) > 0},
		{"subresource", server.Extended()},
	} {
		if !optional.wanted {
			continue
		}
		if err := add(optional.dir, server); err != nil {
			return nil, err
		}
	}
	for _, version := range server.AllVersions {
		if err := add("version", version, "GROUP", version.GroupPackage, "VERSION", version.Version); err != nil {
			return nil, err
		}
	}
	for _, kind := range server.Kinds {
		placeholders := []string{"GROUP", kind.Hub.GroupPackage, "KIND", kind.Package}
		if err := add("kind", kind, placeholders...); err != nil {
			return nil, err
		}
		for _, optional := range []struct {
			dir    string
			wanted bool
		}{
			{"kind-status", kind.Status},
			{"kind-scale", kind.Hub.Scale != nil},
			{"kind-subresource", len(kind.Subresources) > 0},
			{"kind-conversion", len(kind.Versions) > 1},
			{"kind-fields", kind.Selectable()},
		} {
			if !optional.wanted {
				continue
			}
			if err := add(optional.dir, kind, placeholders...); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// A reader builds the model of the server from the declaration and the types, and gathers what is wrong with them.
type reader struct {
	project  *project.Project
	packages *codegen.Packages
	universe types.Universe
	problems codegen.Diagnostics
}

func (r *reader) server() *Server {
	s := &Server{Name: r.project.Name, Module: r.project.Module}
	for _, group := range r.project.Groups {
		g := Group{GroupName: r.project.FullName(group)}
		versions := map[string]*GroupVersion{}
		for _, version := range group.Versions {
			v := r.groupVersion(group, version)
			versions[version] = v
			s.AllVersions = append(s.AllVersions, v)
			r.checkOtherTypes(v)
			if len(v.Kinds) > 0 {
				g.Versions = append(g.Versions, v)
			}
		}
		for _, kind := range group.Kinds {
			if k := r.kind(group, kind, versions); k != nil {
				g.Kinds = append(g.Kinds, k)
			}
			if kind.Controller {
				s.Reconcilers = append(s.Reconcilers, kind.ControllerNames().Type())
			}
		}
		if len(g.Kinds) > 0 {
			s.Groups = append(s.Groups, g)
			s.Versions = append(s.Versions, g.Versions...)
			s.Kinds = append(s.Kinds, g.Kinds...)
		}
	}
	for _, c := range r.project.Controllers {
		s.Reconcilers = append(s.Reconcilers, c.ControllerNames().Type())
	}
	slices.Sort(s.Reconcilers)
	r.checkNames(s)
	return s
}

func (r *reader) groupVersion(group project.Group, version string) *GroupVersion {
	rel := path.Join("pkg/apis", group.Package(), version)
	v := &GroupVersion{
		GroupName: r.project.FullName(group), GroupPackage: group.Package(), Version: version,
		Alias: group.Package() + version, ImportPath: r.project.Module + "/" + rel, dir: rel,
		Converted: len(group.Peers(version)) > 0,
	}
	for _, kind := range group.Kinds {
		if slices.Contains(kind.Versions, version) {
			v.Kinds = append(v.Kinds, kind.Name)
			for _, name := range kind.Subresources {
				v.Requests = append(v.Requests, kind.SubresourceType(name))
			}
		}
	}
	return v
}

// checkNames says where two kinds of a group, or two short names of the project, are the same.
func (r *reader) checkNames(s *Server) {
	short := map[string]*Kind{}
	for _, group := range s.Groups {
		seen := map[string]*Kind{}
		for _, k := range group.Kinds {
			r.claim(seen, k, k.Resource, k.Singular)
		}
		for _, k := range group.Kinds {
			r.claim(seen, k, k.shortNames...)
			if !slices.ContainsFunc(k.shortNames, func(name string) bool { return seen[name] != k }) {
				r.claim(short, k, k.shortNames...)
			}
		}
	}
}

// claim notes that names are k's, and says which of them are another kind's already.
func (r *reader) claim(seen map[string]*Kind, k *Kind, names ...string) {
	for _, name := range names {
		if other, ok := seen[name]; ok && other != k {
			r.problem(k.pos, "%s and %s are both named %q in kubectl: change one of them in its +kubebuilder:resource marker", other.Name, k.Name, name)
			continue
		}
		seen[name] = k
	}
}

func (r *reader) problem(pos token.Position, format string, args ...any) {
	r.problems = append(r.problems, codegen.Diagnostic{Pos: pos, Message: fmt.Sprintf(format, args...)})
}
