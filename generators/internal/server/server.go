// Package server generates the code that no upstream generator provides: the registration of each group version's types, each kind's
// strategy, storage and table, and the server and the controller manager, which use all of them. Its input is the API model.
package server

import (
	"cmp"
	"go/token"
	"path"
	"slices"

	"k8s.io/gengo/v2"
	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/diagnostics"
	"github.com/apiserver-builder/builder/generators/internal/apis"
	"github.com/apiserver-builder/builder/generators/internal/apis/roles"
	"github.com/apiserver-builder/builder/generators/internal/apis/storages"
	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/templates"
)

// hidden is the first line of each generated file, as of upstream's. It hides the file from the generators, so that they can replace a
// broken one.
const hidden = "//go:build !" + gengo.StdBuildTag + "\n\n"

// Read returns the server of the project p, and the errors in the types and their markers. writes contains the methods of virtual kinds, by
// the folder of their storage. If there are errors,
// Generate must not be called.
func Read(p *project.Project, packages *apis.Model, reconcilers roles.Reconcilers, writes map[string]storages.Writes) (*Server, diagnostics.List) {
	r := &reader{project: p, packages: packages, universe: packages.Universe, reconcilers: reconcilers, writes: writes}
	return r.server(), r.problems
}

// Generate returns the formatted files of a server, by path. validated means that there is a package of generated validation.
func Generate(server *Server, validated bool) (map[string][]byte, error) {
	server.Validated = validated
	return render(server)
}

// render renders the templates in wiring.
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
		{"clients", len(server.Clients()) > 0},
		{"resources", len(server.Misnamed()) > 0},
		{"deprecation", server.Deprecated()},
		{"scale", server.Scaled()},
		{"fields", len(server.Selectable()) > 0},
		{"subresource", server.Extended()},
		{"request", server.Requested()},
		{"update", server.Updated()},
		{"get", server.Got()},
		{"connect", server.Connected()},
		{"stream", server.Streamed()},
		{"longrunning", server.LongRunning()},
		{"admission", len(server.Plugins) > 0},
		{"sync", server.AwaitsSync()},
		{"virtual", server.Virtual()},
		{"computed", server.Computed()},
		{"reviews", len(server.Reviews()) > 0},
		{"dryrun", server.DryRuns()},
		{"etcdless", server.Etcdless()},
		{"unnamed", server.Unnamed()},
		{"selfmanaged", server.SelfManaged},
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
		if len(version.Options) > 0 {
			if err := add("version-options", version, "GROUP", version.GroupPackage, "VERSION", version.Version); err != nil {
				return nil, err
			}
		}
	}
	for _, plugin := range server.Plugins {
		if err := add("plugin", plugin, "NAME", plugin.Package()); err != nil {
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
			{"kind-listed", kind.Listed()},
			{"kind-strategy", kind.Changeable()},
			{"kind-readonly", kind.Virtual() && !kind.Changeable()},
			{"kind-source", kind.Virtual()},
			{"kind-verbs", kind.Partial()},
			{"kind-review", kind.Review()},
			{"kind-parent", kind.Parent()},
			{"kind-parent-request", kind.Parent() && len(kind.Requests()) > 0},
			{"kind-status", kind.Status},
			{"kind-scale", kind.Hub.Scale != nil},
			{"kind-request", len(kind.Requests()) > 0 && !kind.Parent()},
			{"kind-update", len(kind.Updates()) > 0 && !kind.Parent()},
			{"kind-get", len(kind.Gets()) > 0},
			{"kind-connect", len(kind.Connections()) > 0},
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

// A reader builds the model of the server from the declaration and the types, and collects errors.
type reader struct {
	project     *project.Project
	packages    *apis.Model
	universe    types.Universe
	problems    diagnostics.List
	reconcilers roles.Reconcilers
	writes      map[string]storages.Writes // of virtual kinds, by the folder of their storage
}

func (r *reader) server() *Server {
	s := &Server{Name: r.project.Name, Module: r.project.Module, SelfManaged: r.project.SelfManaged()}
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
				r.reconciler(s, kind.ControllerNames().Type())
			}
		}
		if len(g.Kinds) > 0 {
			s.Groups = append(s.Groups, g)
			s.Versions = append(s.Versions, g.Versions...)
			s.Kinds = append(s.Kinds, g.Kinds...)
		}
	}
	for _, c := range r.project.Controllers {
		r.reconciler(s, c.ControllerNames().Type())
	}
	slices.SortFunc(s.Reconcilers, func(a, b Reconciler) int { return cmp.Compare(a.Type, b.Type) })
	s.Plugins = r.plugins(s)
	r.checkNames(s)
	return s
}

func (r *reader) reconciler(s *Server, name string) {
	s.Reconcilers = append(s.Reconcilers, Reconciler{Type: name, Fields: r.reconcilers.Fields[name]})
}

func (r *reader) groupVersion(group project.Group, version string) *GroupVersion {
	rel := path.Join("pkg/apis", group.Package(), version)
	v := &GroupVersion{
		GroupName: r.project.FullName(group), GroupPackage: group.Package(), Version: version,
		Alias: group.Package() + version, ImportPath: r.project.Module + "/" + rel, dir: rel,
		Converted: len(group.Peers(version)) > 0,
	}
	v.goName = r.goName(v)
	for _, kind := range group.Kinds {
		if slices.Contains(kind.Versions, version) {
			v.Kinds = append(v.Kinds, kind.Name)
			if kind.Listed() {
				v.Lists = append(v.Lists, kind.Name)
			}
			if kind.Answer != "" {
				v.Objects = append(v.Objects, kind.Answer)
			}
			for _, s := range kind.Subresources {
				v.Objects = append(v.Objects, s.Objects(kind)...)
				if s.HasOptions() {
					r.options(v, kind.OptionsType(s.Name))
				}
			}
		}
	}
	return v
}

// checkNames reports kinds of a group with the same name, and short names that are not unique in the project.
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

// claim records names as those of k, and reports the ones that another kind already has.
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
	r.problems.Add(pos, format, args...)
}
