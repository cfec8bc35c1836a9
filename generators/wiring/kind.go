package wiring

import (
	"cmp"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"

	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/project"
)

// kind reads a kind's types, one in each version. It returns nil if there is a problem with them.
func (r *reader) kind(group project.Group, kind project.Kind, versions map[string]*GroupVersion) *Kind {
	k := &Kind{
		Module: r.project.Module, GroupName: r.project.FullName(group), Name: kind.Name, Package: kind.Package(), Singular: kind.Singular(), Controller: kind.Controller,
		StorageAlias:      group.Package() + kind.Package(),
		StorageImportPath: r.project.Module + "/pkg/registry/" + group.Package() + "/" + kind.Package(),
	}
	for _, name := range kind.Subresources {
		k.Subresources = append(k.Subresources, Subresource{name, kind.SubresourceType(name), project.SubresourceMethod(name)})
	}
	before := len(r.problems)
	read := map[string]kindMarkers{}
	for _, version := range kind.Versions {
		v := &KindVersion{GroupVersion: versions[version], Hub: version == kind.Storage, Type: version + "." + kind.Name, name: kind.Name, resource: kind.Resource()}
		k.Versions = append(k.Versions, v)
		if v.Hub {
			k.Hub, v.Type = v, kind.Name
		}
		read[version] = r.kindVersion(k, v)
	}
	if len(r.problems) > before {
		return nil
	}
	r.describe(k, read[kind.Storage])
	for _, v := range k.Others() {
		r.checkAgreement(k, v, read)
	}
	if len(r.problems) > before {
		return nil
	}
	return k
}

// kindVersion reads what a kind is in one version.
func (r *reader) kindVersion(k *Kind, v *KindVersion) kindMarkers {
	before := len(r.problems)
	r.checkType(v)
	if len(r.problems) > before {
		return kindMarkers{}
	}
	for _, s := range k.Subresources {
		r.checkRequest(v, s)
	}
	d, _ := r.declaration(types.Name{Package: v.ImportPath, Name: v.name})
	v.pos = d.pos
	read := r.readKindMarkers(v, d)
	r.describeVersion(v, read, d)
	return read
}

// checkType says which of the types and markers that every kind needs are missing.
func (r *reader) checkType(v *KindVersion) {
	var list types.Name
	for _, name := range []string{v.name, v.name + "List"} {
		list = types.Name{Package: v.ImportPath, Name: name}
		d, ok := r.declaration(list)
		if !ok {
			r.problem(token.Position{Filename: v.dir}, "there is no type %s, though PROJECT has the kind %s in %s: write the type, or take it out of PROJECT", name, v.name, v.Version)
			return
		}
		if !d.has(deepCopyMarker) {
			r.problem(d.pos, "the type %s lacks the marker %s: add it to the comment above", name, deepCopyMarker)
		}
		if name == v.name && !d.has("+genclient") {
			r.problem(d.pos, "the type %s lacks the marker +genclient: add it to the comment above", name)
		}
	}
	element := types.Name{Package: v.ImportPath, Name: v.name}
	items, ok := jsonField(r.universe.Type(list), "items")
	if !ok || items.Type.Kind != types.Slice || items.Type.Elem.Name != element {
		r.problem(r.packages.Position(list, ""), `the type %sList lacks the field Items []%s with the tag json:"items"`, v.name, v.name)
	}
}

// checkRequest says what the type lacks that is POSTed to a subresource.
func (r *reader) checkRequest(v *KindVersion, s Subresource) {
	name := types.Name{Package: v.ImportPath, Name: s.Type}
	d, ok := r.declaration(name)
	if !ok {
		r.problem(token.Position{Filename: v.dir}, "there is no type %s, though PROJECT has the subresource %s of %s: write the type, or take the subresource out of PROJECT",
			s.Type, s.Name, v.name)
		return
	}
	if !d.has(deepCopyMarker) {
		r.problem(d.pos, "the type %s lacks the marker %s: add it to the comment above", s.Type, deepCopyMarker)
	}
	if _, ok := jsonField(r.universe.Type(name), "metadata"); !ok {
		r.problem(d.pos, `the type %s lacks the field metav1.ObjectMeta with the tag json:"metadata,omitempty", which says whom a request is for`, s.Type)
	}
}

// describe fills in what is one for all versions of a kind, as the markers of the hub say.
func (r *reader) describe(k *Kind, read kindMarkers) {
	k.pos = k.Hub.pos
	k.Resource, k.Namespaced = cmp.Or(read.resource.Path, k.Hub.resource), read.resource.Scope != "Cluster"
	k.Singular = cmp.Or(read.resource.Singular, k.Singular)
	k.shortNames, k.categories, k.Status = read.resource.ShortName, read.resource.Categories, read.status
	roots := []string{k.Name, k.Name + "List"}
	for _, s := range k.Subresources {
		roots = append(roots, s.Type)
	}
	k.Types, k.Constants = r.madeOf(k.Hub.ImportPath, roots)
}

// describeVersion fills in what the markers and fields say of a kind in one version.
func (r *reader) describeVersion(v *KindVersion, read kindMarkers, d declaration) {
	t := r.universe.Type(types.Name{Package: v.ImportPath, Name: v.name})
	scope := read.resource.Scope
	if scope != "" && scope != "Cluster" && scope != "Namespaced" {
		r.problem(d.pos, "the marker +kubebuilder:resource has the scope %q: it is Namespaced or Cluster", scope)
	}
	if (scope == "Cluster") != d.has("+genclient:nonNamespaced") {
		r.problem(d.pos, "+kubebuilder:resource and +genclient disagree on the scope of %s: scope=Cluster goes with +genclient:nonNamespaced", v.name)
	}
	resource := cmp.Or(read.resource.Path, v.resource)
	if client := cmp.Or(d.value("resourceName"), strings.ToLower(r.project.GoPlural(v.name))); client != resource {
		r.problem(d.pos, "clients would ask for %q where the server has %q: path=%s in +kubebuilder:resource goes with +resourceName=%s", client, resource, resource, resource)
	}
	for _, member := range t.Members {
		name := jsonName(member)
		if name != "" && name != "status" {
			v.notStatus = append(v.notStatus, name)
		}
	}
	if _, ok := jsonField(t, "status"); read.status && !ok {
		r.problem(d.pos, `%s has the marker +kubebuilder:subresource:status but no field Status with the tag json:"status"`, v.name)
	}
	if read.deprecated {
		v.Warning = cmp.Or(read.warning, v.GroupName+"/"+v.Version+" "+v.name+" is deprecated")
	}
	r.scale(v, t, read.scale)
	r.selectable(v, t, read.selectable)
	r.columns(v, t, read.columns)
}

// columns compiles the columns of a kind's table in one version.
func (r *reader) columns(v *KindVersion, t *types.Type, markers []columnMarker) {
	helpers := map[string]bool{}
	suffix := ""
	if !v.Hub {
		suffix = v.Suffix()
	}
	for _, m := range markers {
		helper := funcName(m.Name) + suffix
		for i := 2; helpers[helper]; i++ {
			helper = funcName(m.Name) + suffix + strconv.Itoa(i)
		}
		column, err := newColumn(v.Type, helper, t, m)
		if err != nil {
			r.problem(m.pos, "%v", err)
		}
		helpers[helper] = column.Func != ""
		v.Columns = append(v.Columns, column)
	}
}

// checkAgreement says where a version contradicts the hub in what a resource has once for all versions.
func (r *reader) checkAgreement(k *Kind, v *KindVersion, read map[string]kindMarkers) {
	hub, other := read[k.Hub.Version], read[v.Version]
	scope := func(m kindMarkers) string { return cmp.Or(m.resource.Scope, "Namespaced") }
	names := func(list []string) string { return strings.Join(list, ";") }
	for _, c := range []struct{ what, hub, other string }{
		{"path", cmp.Or(hub.resource.Path, v.resource), cmp.Or(other.resource.Path, v.resource)},
		{"singular", hub.resource.Singular, other.resource.Singular},
		{"scope", scope(hub), scope(other)},
		{"shortName", names(hub.resource.ShortName), names(other.resource.ShortName)},
		{"categories", names(hub.resource.Categories), names(other.resource.Categories)},
	} {
		if c.hub != c.other {
			r.problem(v.pos, "%s has %s=%s in +kubebuilder:resource here and %q in %s: a resource has one for all versions, so make them agree",
				k.Name, c.what, c.other, c.hub, k.Hub.Version)
		}
	}
	if other.scale != nil && hub.scale == nil {
		r.problem(other.scale.pos, "%s has a scale in %s but not in %s, the version that is stored: put the marker +kubebuilder:subresource:scale there too",
			k.Name, v.Version, k.Hub.Version)
	}
	if hub.status != other.status {
		r.problem(v.pos, "only one of %s and %s has the marker +kubebuilder:subresource:status on %s: put it on both, or on neither", k.Hub.Version, v.Version, k.Name)
	}
}

// madeOf are the names of the types in a package that some of them are made of, and of the constants of these types.
func (r *reader) madeOf(path string, roots []string) (names, constants []string) {
	pkg := r.universe[path]
	seen := map[string]bool{}
	var visit func(t *types.Type)
	visit = func(t *types.Type) {
		if t == nil || t.Name.Package == path && seen[t.Name.Name] {
			return
		}
		if t.Name.Package == path {
			if !token.IsExported(t.Name.Name) {
				return
			}
			seen[t.Name.Name] = true
		} else if t.Name.Package != "" {
			return
		}
		visit(t.Elem)
		visit(t.Key)
		visit(t.Underlying)
		for _, m := range t.Members {
			visit(m.Type)
		}
	}
	for _, root := range roots {
		visit(pkg.Types[root])
	}
	for _, name := range slices.Sorted(maps.Keys(pkg.Constants)) {
		if t := pkg.Constants[name].Underlying; token.IsExported(name) && t != nil && t.Name.Package == path && seen[t.Name.Name] {
			constants = append(constants, name)
		}
	}
	return slices.Sorted(maps.Keys(seen)), constants
}
