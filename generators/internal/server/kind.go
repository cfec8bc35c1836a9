package server

import (
	"cmp"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"

	"k8s.io/gengo/v2/types"
	crdmarkers "sigs.k8s.io/controller-tools/pkg/crd/markers"

	"github.com/apiserver-builder/builder/generators/project"

	"github.com/apiserver-builder/builder/generators/internal/apis"
	"github.com/apiserver-builder/builder/generators/internal/markers"
)

// kind reads a kind's types, one for each version. It returns nil if there is a problem with them.
func (r *reader) kind(group project.Group, kind project.Kind, versions map[string]*GroupVersion) *Kind {
	k := &Kind{
		Module: r.project.Module, GroupName: r.project.FullName(group), Name: kind.Name, Package: kind.Package(), Singular: kind.Singular(),
		goPlural:          r.project.GoPlural(kind.Name),
		StorageAlias:      group.Package() + kind.Package(),
		StorageImportPath: r.project.Module + "/" + group.RegistryFolder(kind),
	}
	k.Shape, k.Answer, k.Writes = kind.Shape, kind.Answer, r.writes[group.RegistryFolder(kind)]
	k.Implementation, k.declared = kind.Implementation(), kind.Types()
	for _, s := range kind.Subresources {
		k.Subresources = append(k.Subresources, newSubresource(kind, s))
	}
	before := len(r.problems)
	read := map[string]kindMarkers{}
	for _, version := range kind.Versions {
		v := &KindVersion{GroupVersion: versions[version], Hub: version == kind.Hub(), Type: version + "." + kind.Name, name: kind.Name, resource: kind.Resource()}
		k.Versions = append(k.Versions, v)
		if v.Hub {
			k.Hub, v.Type = v, kind.Name
		}
		read[version] = r.kindVersion(k, v)
	}
	if len(r.problems) > before {
		return nil
	}
	r.describe(k, read[kind.Hub()])
	r.checkWrites(k)
	for _, v := range k.Others() {
		r.checkAgreement(k, v, read)
	}
	if len(r.problems) > before {
		return nil
	}
	return k
}

// kindVersion reads the markers of a kind in one version.
func (r *reader) kindVersion(k *Kind, v *KindVersion) kindMarkers {
	before := len(r.problems)
	r.checkType(k, v)
	if len(r.problems) > before {
		return kindMarkers{}
	}
	for _, s := range k.Subresources {
		r.checkSubresource(v, s)
	}
	if t := r.universe[v.ImportPath].Types[v.name]; t == nil || t.Kind != types.Struct || r.packages.Foreign[t.Name] != nil && !apis.EmbedsMeta(t, "ObjectMeta") {
		return kindMarkers{} // checks reports it
	}
	d, _ := r.declaration(types.Name{Package: v.ImportPath, Name: v.name})
	v.pos, v.client, v.informer = d.pos, d.hasClient("get", "list", "apply"), d.hasClient("list", "watch")
	read := r.readKindMarkers(v, d)
	if foreign := r.packages.Foreign[types.Name{Package: v.ImportPath, Name: v.name}]; foreign != nil {
		v.unnamed = r.packages.ModelPackage(foreign) == ""
		of := r.foreignResource(foreign)
		if len(read.resource.ShortName) == 0 {
			read.resource.ShortName = of.ShortName
		}
		if len(read.resource.Categories) == 0 {
			read.resource.Categories = of.Categories
		}
		read.resource.Singular = cmp.Or(read.resource.Singular, of.Singular)
	}
	r.describeVersion(k, v, read, d)
	return read
}

// checkType reports missing types that every kind needs.
func (r *reader) checkType(k *Kind, v *KindVersion) {
	for _, name := range k.declared {
		if _, ok := r.declaration(types.Name{Package: v.ImportPath, Name: name}); !ok {
			r.problem(token.Position{Filename: v.dir}, "there is no type %s, though PROJECT has the kind %s in %s: write the type, or take it out of PROJECT", name, v.name, v.Version)
			return
		}
	}
	if !k.Listed() {
		return
	}
	list := types.Name{Package: v.ImportPath, Name: v.name + "List"}
	element := types.Name{Package: v.ImportPath, Name: v.name}
	if r.universe[v.ImportPath].Types[list.Name] == nil {
		return // checks reports it
	}
	items, ok := apis.JSONField(r.universe.Type(list), "items")
	if ok && items.Type.Kind == types.Slice && items.Type.Elem.Name == element {
		return
	}
	if foreign := r.packages.Foreign[list]; foreign != nil {
		r.problem(r.packages.Position(list, ""), "%s lacks the field Items []%s, which builder requires: create the kind without --types", foreign.Name, v.name)
		return
	}
	r.problem(r.packages.Position(list, ""), `the type %sList lacks the field Items []%s with the tag json:"items"`, v.name, v.name)
}

// describe sets the properties that all versions of a kind share, from the markers of the hub.
func (r *reader) describe(k *Kind, read kindMarkers) {
	k.pos = k.Hub.pos
	k.Resource, k.Namespaced = cmp.Or(read.resource.Path, k.Hub.resource), read.resource.Scope != "Cluster"
	k.Singular = cmp.Or(read.resource.Singular, k.Singular)
	k.shortNames, k.categories, k.Status = read.resource.ShortName, read.resource.Categories, read.status
	roots := append(slices.Clone(k.declared), k.Objects()...)
	k.Types, k.Constants = r.referencedTypes(k.Hub.ImportPath, roots)
	k.Types = slices.DeleteFunc(k.Types, project.IsRegistryIdentifier) // they have no alias in the registry package
	k.Constants = slices.DeleteFunc(k.Constants, project.IsRegistryIdentifier)
}

// checkWrites reports subresources of kinds that have no objects, and what clients of a virtual kind could not write, because its Storage has
// no method Update.
func (r *reader) checkWrites(k *Kind) {
	if !k.Listed() && (k.Status || k.Hub.Scale != nil) {
		r.problem(k.pos, "%s is a %s, so it cannot have a status or scale subresource: remove the marker", k.Name, k.Shape)
	}
	if !k.Virtual() || k.Writes.Update {
		return
	}
	const remedy = "add the method Update to Storage"
	if k.Status {
		r.problem(k.pos, "%s has the marker +kubebuilder:subresource:status, but it is virtual, and clients cannot update it: %s, or remove the marker", k.Name, remedy)
	}
	if k.Hub.Scale != nil {
		r.problem(k.pos, "%s has the marker +kubebuilder:subresource:scale, but it is virtual, and clients cannot update it: %s, or remove the marker", k.Name, remedy)
	}
	for _, s := range k.Requests() {
		r.problem(k.pos, "the subresource %s changes %s, but it is virtual, and clients cannot update it: %s, or remove the subresource", s.Name, k.Name, remedy)
	}
}

// describeVersion sets the properties of a kind in one version, from its markers and fields.
func (r *reader) describeVersion(k *Kind, v *KindVersion, read kindMarkers, d declaration) {
	t := r.universe.Type(types.Name{Package: v.ImportPath, Name: v.name})
	scope := read.resource.Scope
	if scope != "" && scope != "Cluster" && scope != "Namespaced" {
		r.problem(d.pos, "the marker +kubebuilder:resource has the scope %q: it is Namespaced or Cluster", scope)
	}
	resource := cmp.Or(read.resource.Path, v.resource)
	client := cmp.Or(d.value("resourceName"), strings.ToLower(r.project.GoPlural(v.name)))
	switch foreign := r.packages.Foreign[t.Name]; {
	case foreign != nil:
		r.checkForeignNames(d, foreign, scope, resource)
	case scope == "Namespaced" && d.has("+genclient:nonNamespaced"):
		r.problem(d.pos, "+kubebuilder:resource and +genclient:nonNamespaced disagree on the scope of %s: take one of the two out", v.name)
	}
	if client != resource {
		r.problem(d.pos, "generated clients would request %q, but the server serves %q: add +resourceName=%s, or change path= in +kubebuilder:resource", client, resource, resource)
	}
	if v.Hub {
		status, ok := apis.JSONField(t, "status")
		k.StatusField = ok && status.Name == "Status"
	}
	for _, member := range t.Members {
		name := apis.JSONName(member)
		if name != "" && name != "status" {
			v.notStatus = append(v.notStatus, name)
		}
	}
	switch status, ok := apis.JSONField(t, "status"); {
	case !read.status:
	case !ok:
		r.problem(d.pos, `%s has the marker +kubebuilder:subresource:status but no field Status with the tag json:"status"`, v.name)
	case status.Name != "Status":
		r.problem(r.packages.Position(t.Name, status.Name), `the field %s of %s is its status in JSON, so name it Status`, status.Name, v.name)
	}
	if read.deprecated {
		v.Warning = cmp.Or(read.warning, v.GroupName+"/"+v.Version+" "+v.name+" is deprecated")
	}
	r.scale(v, t, read.scale)
	r.selectable(v, t, read.selectable)
	r.columns(v, t, read.columns)
}

// foreignResource returns the +kubebuilder:resource marker of a type of another module.
func (r *reader) foreignResource(foreign *types.Type) crdmarkers.Resource {
	for _, line := range apis.Comments(foreign) {
		marker := markers.Marker{Text: strings.TrimSpace(line), On: markers.Type}
		if resource, ok := r.packages.Registry.Parse(marker).(crdmarkers.Resource); ok {
			return resource
		}
	}
	return crdmarkers.Resource{}
}

// checkForeignNames reports a scope and a resource name that differ from those of the module's type, which its clients use.
func (r *reader) checkForeignNames(d declaration, foreign *types.Type, scope, resource string) {
	comments, of := apis.Comments(foreign), r.foreignResource(foreign)
	cluster := of.Scope == "Cluster" || apis.HasLine(comments, "+genclient:nonNamespaced")
	namespaced := of.Scope == "Namespaced" || apis.HasLine(comments, "+genclient")
	switch {
	case scope == "Namespaced" && cluster:
		r.problem(d.pos, "%s has objects without a namespace: create the kind with --namespaced=false", foreign.Name)
	case scope == "Cluster" && namespaced && !cluster:
		r.problem(d.pos, "%s has objects in namespaces: create the kind without --namespaced=false", foreign.Name)
	}
	if name := cmp.Or(append(apis.TagValues(comments, "resourceName"), of.Path)[0], resource); name != resource {
		r.problem(d.pos, "%s has the resource name %q: create the kind with --plural %s", foreign.Name, name, name)
	}
}

// columns compiles the columns of a kind's table in one version.
func (r *reader) columns(v *KindVersion, t *types.Type, markers []columnMarker) {
	helpers := map[string]bool{}
	suffix := ""
	if !v.Hub {
		suffix = v.Suffix()
	}
	if len(markers) == 0 { // as for a CustomResourceDefinition
		markers = []columnMarker{{PrintColumn: crdmarkers.PrintColumn{Name: "Age", Type: "date", JSONPath: ".metadata.creationTimestamp"}}}
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

// checkAgreement reports differences between a version and the hub in properties that all versions share.
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
		if c.hub != c.other && c.other != "" {
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

// referencedTypes returns the names of the exported types in a package that roots refer to, and of the constants of these types.
func (r *reader) referencedTypes(path string, roots []string) (names, constants []string) {
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
