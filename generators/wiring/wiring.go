// Package wiring makes what no upstream generator does: the registration of each group version's types, each kind's
// strategy, storage and table, and the server and the manager that put them together. It reads the Go types that codegen
// has loaded and the markers on them.
package wiring

import (
	"cmp"
	"go/token"
	"path"
	"slices"
	"strconv"

	"k8s.io/gengo/v2"
	"k8s.io/gengo/v2/types"
	"sigs.k8s.io/controller-tools/pkg/markers"

	"github.com/apiserver-builder/builder/generators/codegen"
	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/templates"
)

// deepCopyMarker makes deepcopy-gen give a type the method that runtime.Object needs.
const deepCopyMarker = "+k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object"

// hidden begins each file, as upstream's generated ones: it keeps them from the generators, so that even a broken one is restored.
const hidden = "//go:build !" + gengo.StdBuildTag + "\n\n"

// Generate returns the wiring of the project p in the folder dir, as formatted files by path. What is wrong with the types
// and their markers comes back as codegen.Diagnostics.
func Generate(p *project.Project, dir string, packages *codegen.Packages) (map[string][]byte, error) {
	registry, err := newRegistry()
	if err != nil {
		return nil, err
	}
	r := &reader{project: p, dir: dir, universe: packages.Universe, registry: registry}
	server := r.server()
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
		if !kind.Status {
			continue
		}
		if err := add("kind-status", kind, placeholders...); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// A reader builds the model of the server from the declaration and the types, and gathers what is wrong with them.
type reader struct {
	project  *project.Project
	dir      string
	universe types.Universe
	registry *markers.Registry
	problems codegen.Diagnostics
}

func (r *reader) server() *Server {
	s := &Server{Name: r.project.Name, Module: r.project.Module}
	for _, group := range r.project.Groups {
		g := Group{GroupName: r.project.FullName(group)}
		for _, version := range group.Versions {
			v := r.version(group, version)
			s.AllVersions = append(s.AllVersions, v)
			if len(v.Kinds) > 0 {
				g.Versions = append(g.Versions, v)
			}
		}
		for _, kind := range group.Kinds {
			if k := r.kind(group, kind); k != nil {
				g.Kinds = append(g.Kinds, k)
			}
			if kind.Controller {
				s.Reconcilers = append(s.Reconcilers, kind.Name+"Reconciler")
			}
		}
		if len(g.Kinds) > 0 {
			s.Groups = append(s.Groups, g)
			s.Versions = append(s.Versions, g.Versions...)
			s.Kinds = append(s.Kinds, g.Kinds...)
		}
	}
	for _, c := range r.project.Controllers {
		s.Reconcilers = append(s.Reconcilers, c.Kind+"Reconciler")
	}
	slices.Sort(s.Reconcilers)
	r.checkNames(s)
	return s
}

func (r *reader) version(group project.Group, version string) *Version {
	rel := path.Join("pkg/apis", group.Package(), version)
	v := &Version{
		GroupName: r.project.FullName(group), GroupPackage: group.Package(), Version: version,
		Alias: group.Package() + version, ImportPath: r.project.Module + "/" + rel, dir: rel,
	}
	for _, kind := range group.Kinds {
		if slices.Contains(kind.Versions, version) {
			v.Kinds = append(v.Kinds, kind.Name)
		}
	}
	return v
}

// kind reads a kind's type. It returns nil if there is a problem with it.
func (r *reader) kind(group project.Group, kind project.Kind) *Kind {
	k := &Kind{
		GroupName: r.project.FullName(group), Name: kind.Name, Package: kind.Package(), Singular: kind.Singular(), Controller: kind.Controller,
		StorageAlias:      group.Package() + kind.Package(),
		StorageImportPath: r.project.Module + "/pkg/registry/" + group.Package() + "/" + kind.Package(),
	}
	for _, version := range kind.Versions {
		v := r.version(group, version)
		k.Versions = append(k.Versions, v)
		if version == kind.Storage {
			k.Hub = v
		}
	}
	declared, err := declarations(r.dir, k.Hub.dir)
	if err != nil {
		r.problem(token.Position{Filename: k.Hub.dir}, "%v", err)
		return nil
	}
	before := len(r.problems)
	r.checkType(k, declared)
	if len(r.problems) > before {
		return nil
	}
	d := declared[kind.Name]
	k.pos = d.pos
	read, problems := readKindMarkers(r.registry, d)
	r.problems = append(r.problems, problems...)
	r.describe(k, read, d)
	if len(r.problems) > before {
		return nil
	}
	return k
}

// checkType says which of the types and markers that every kind needs are missing.
func (r *reader) checkType(k *Kind, declared map[string]declaration) {
	for _, name := range []string{k.Name, k.Name + "List"} {
		d, ok := declared[name]
		if !ok {
			r.problem(token.Position{Filename: k.Hub.dir}, "there is no type %s, though PROJECT has the kind %s: write the type, or take the kind out of PROJECT", name, k.Name)
			continue
		}
		if !d.has(deepCopyMarker) {
			r.problem(d.pos, "the type %s lacks the marker %s: add it to the comment above", name, deepCopyMarker)
		}
	}
	if d, ok := declared[k.Name]; ok && !d.has("+genclient") {
		r.problem(d.pos, "the type %s lacks the marker +genclient: add it to the comment above", k.Name)
	}
	list, ok := declared[k.Name+"List"]
	if !ok {
		return
	}
	element := types.Name{Package: k.Hub.ImportPath, Name: k.Name}
	items, ok := jsonField(r.universe.Type(types.Name{Package: k.Hub.ImportPath, Name: k.Name + "List"}), "items")
	if !ok || items.Type.Kind != types.Slice || items.Type.Elem.Name != element {
		r.problem(list.pos, `the type %sList lacks the field Items []%s with the tag json:"items"`, k.Name, k.Name)
	}
}

// describe fills in what the markers and fields say of a kind.
func (r *reader) describe(k *Kind, read kindMarkers, d declaration) {
	t := r.universe.Type(types.Name{Package: k.Hub.ImportPath, Name: k.Name})
	k.Resource, k.Namespaced = cmp.Or(read.resource.Path, project.RegularPlural(k.Name)), read.resource.Scope != "Cluster"
	k.Singular = cmp.Or(read.resource.Singular, k.Singular)
	k.shortNames, k.categories, k.Status = read.resource.ShortName, read.resource.Categories, read.status
	if scope := read.resource.Scope; scope != "" && scope != "Cluster" && scope != "Namespaced" {
		r.problem(d.pos, "the marker +kubebuilder:resource has the scope %q: it is Namespaced or Cluster", scope)
	}
	if k.Namespaced == d.has("+genclient:nonNamespaced") {
		r.problem(d.pos, "+kubebuilder:resource and +genclient disagree on the scope of %s: scope=Cluster goes with +genclient:nonNamespaced", k.Name)
	}
	if client := cmp.Or(d.value("resourceName"), project.RegularPlural(k.Name)); client != k.Resource {
		r.problem(d.pos, "clients would ask for %q where the server has %q: path=%s in +kubebuilder:resource goes with +resourceName=%s", client, k.Resource, k.Resource, k.Resource)
	}
	for _, member := range t.Members {
		name := jsonName(member)
		if name != "" && name != "status" {
			k.notStatus = append(k.notStatus, name)
		}
	}
	if _, ok := jsonField(t, "status"); k.Status && !ok {
		r.problem(d.pos, `%s has the marker +kubebuilder:subresource:status but no field Status with the tag json:"status"`, k.Name)
	}
	helpers := map[string]bool{}
	for _, m := range read.columns {
		helper := funcName(m.Name)
		for i := 2; helpers[helper]; i++ {
			helper = funcName(m.Name) + strconv.Itoa(i)
		}
		column, err := newColumn(k.Name, helper, t, m)
		if err != nil {
			r.problem(m.pos, "%v", err)
		}
		helpers[helper] = column.Func != ""
		k.Columns = append(k.Columns, column)
	}
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
	r.problems = append(r.problems, problem(pos, format, args...))
}
