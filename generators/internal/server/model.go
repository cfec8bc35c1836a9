package server

import (
	"go/token"
	"maps"
	"slices"
	"strings"

	"github.com/apiserver-builder/builder/generators/internal/apis/roles"
	"github.com/apiserver-builder/builder/generators/internal/apis/storages"
	"github.com/apiserver-builder/builder/generators/project"
)

// A Server is the data for the templates of the whole project.
type Server struct {
	Name, Module string
	// Groups lists the groups with kinds.
	Groups []Group
	// Versions lists the group versions with kinds, and AllVersions all declared ones.
	Versions, AllVersions []*GroupVersion
	Kinds                 []*Kind
	Reconcilers           []Reconciler
	// Plugins lists the admission plugins, in order.
	Plugins []Plugin
	// SelfManaged means that the apiserver creates and renews its serving certificate.
	SelfManaged bool
	// Validated means that some kinds have generated validation.
	Validated bool
}

// A Reconciler is a type in internal/controller.
type Reconciler struct {
	Type string
	// The embedded fields are those that it has.
	roles.Fields
}

// ReadsOptions reports whether a reconciler has a field for the options.
func (s *Server) ReadsOptions() bool {
	return slices.ContainsFunc(s.Reconcilers, func(r Reconciler) bool { return r.Options })
}

// A Group is an API group with kinds.
type Group struct {
	GroupName string
	// Versions is in order of preference.
	Versions []*GroupVersion
	Kinds    []*Kind
}

// Viewed returns the kinds whose objects clients can read.
func (g Group) Viewed() []*Kind {
	return slices.DeleteFunc(slices.Clone(g.Kinds), func(k *Kind) bool { return !k.Listed() })
}

// Edited returns the kinds whose objects clients can write.
func (g Group) Edited() []*Kind {
	return slices.DeleteFunc(slices.Clone(g.Kinds), func(k *Kind) bool { return k.Parent() || k.Virtual() && k.Writes == storages.Writes{} })
}

// Viewed returns the groups with kinds whose objects clients can read.
func (s *Server) Viewed() []Group {
	return slices.DeleteFunc(slices.Clone(s.Groups), func(g Group) bool { return len(g.Viewed()) == 0 })
}

// Edited returns the groups with kinds whose objects clients can write.
func (s *Server) Edited() []Group {
	return slices.DeleteFunc(slices.Clone(s.Groups), func(g Group) bool { return len(g.Edited()) == 0 })
}

// A GroupVersion is a version of a group, and its Go package.
type GroupVersion struct {
	GroupName, GroupPackage, Version string
	Alias, ImportPath                string
	// Kinds lists the kinds that the version serves.
	Kinds []string
	// Lists lists those that can be listed, and so have a list type.
	Lists []string
	// Objects lists the types of answers of reviews, and of objects and options of subresources.
	Objects []string
	// Options lists the types of query parameters of their subresources.
	Options []Options
	// Converted means that functions in this package convert some of its kinds to a preferred version.
	Converted bool

	dir, goName string
}

// A Kind is the data for the templates of a kind.
type Kind struct {
	Module, GroupName, Name string
	Resource, Singular      string
	Package                 string
	StorageAlias            string
	StorageImportPath       string
	Namespaced, Status      bool
	// Shape is the shape in PROJECT, and Answer the type of a review's answers, or "" if it is that of its requests.
	Shape, Answer string
	// Writes are the methods of Storage with which clients change objects of a virtual kind.
	Writes storages.Writes
	// Implementation is the name of the user's type that implements the kind.
	Implementation string
	// StatusField means that the type has a field Status.
	StatusField bool
	// Hub is the storage version, or the preferred version of a kind that is not stored.
	Hub *KindVersion
	// Versions is in order of preference.
	Versions []*KindVersion
	// Subresources lists the custom subresources.
	Subresources []Subresource
	// Types and Constants list the types that the hub refers to, and their constants.
	Types, Constants []string

	shortNames, categories []string
	declared               []string // the Go types, without those of subresources
	goPlural               string
	pos                    token.Position
}

// A KindVersion contains the differences between the versions of a kind.
type KindVersion struct {
	*GroupVersion
	// Hub means that this is the storage version.
	Hub bool
	// Type is the name of the Go type in the kind's registry package.
	Type    string
	Columns []Column
	// Scale describes the scale subresource in this version, or is nil.
	Scale *Scale
	// Fields lists the selectable fields.
	Fields []SelectableField
	// Warning is the warning for clients of a deprecated version, or "".
	Warning string

	name      string
	resource  string // as in PROJECT
	notStatus []string
	client    bool // supports get, list and apply
	informer  bool
	unnamed   bool // the type does not name its OpenAPI definition, whose name is then the path of the type
	pos       token.Position
}

// ShortNames returns Go strings, separated by commas.
func (k *Kind) ShortNames() string { return quoteAll(k.shortNames) }

// Categories returns Go strings, separated by commas.
func (k *Kind) Categories() string { return quoteAll(k.categories) }

// Stored, Virtual, Review and Parent report whether the kind has this shape.
func (k *Kind) Stored() bool  { return k.Shape == project.ShapeStored }
func (k *Kind) Virtual() bool { return k.Shape == project.ShapeVirtual }
func (k *Kind) Review() bool  { return k.Shape == project.ShapeReview }
func (k *Kind) Parent() bool  { return k.Shape == project.ShapeParent }

// Listed reports whether the kind's resource can be listed.
func (k *Kind) Listed() bool { return k.Stored() || k.Virtual() }

// Partial reports whether a virtual kind lacks verbs of a stored one.
func (k *Kind) Partial() bool {
	return k.Virtual() && k.Writes != storages.Writes{Create: true, Update: true, Delete: true}
}

// Changeable reports whether clients can create or update objects.
func (k *Kind) Changeable() bool { return k.Stored() || k.Writes.Create || k.Writes.Update }

// Verbs returns the verbs of the kind's resource, sorted, as Go strings, separated by commas.
func (k *Kind) Verbs() string {
	switch {
	case k.Review():
		return quoteAll([]string{"create"})
	case k.Parent():
		return ""
	}
	verbs := []string{"get", "list", "watch"}
	if k.Stored() || k.Writes.Create {
		verbs = append(verbs, "create")
	}
	if k.Stored() || k.Writes.Update {
		verbs = append(verbs, "patch", "update")
	}
	if k.Stored() || k.Writes.Delete {
		verbs = append(verbs, "delete", "deletecollection")
	}
	return quoteAll(slices.Sorted(slices.Values(verbs)))
}

// Others returns the versions other than the hub.
func (k *Kind) Others() []*KindVersion {
	return slices.DeleteFunc(slices.Clone(k.Versions), func(v *KindVersion) bool { return v.Hub })
}

// Scaled reports whether any kind has a scale subresource.
func (s *Server) Scaled() bool {
	return slices.ContainsFunc(s.Kinds, func(k *Kind) bool { return k.Hub.Scale != nil })
}

// Virtual reports whether any kind is virtual.
func (s *Server) Virtual() bool {
	return slices.ContainsFunc(s.Kinds, (*Kind).Virtual)
}

// Etcdless reports whether there are kinds, but none that are stored.
func (s *Server) Etcdless() bool {
	return len(s.Kinds) > 0 && !slices.ContainsFunc(s.Kinds, (*Kind).Stored)
}

// Unnamed reports whether the OpenAPI definition of any kind has the path of the Go type as its name.
func (s *Server) Unnamed() bool {
	return slices.ContainsFunc(s.Kinds, func(k *Kind) bool {
		return slices.ContainsFunc(k.Versions, func(v *KindVersion) bool { return v.unnamed })
	})
}

// Reviews returns the kinds that are reviews.
func (s *Server) Reviews() []*Kind {
	return slices.DeleteFunc(slices.Clone(s.Kinds), func(k *Kind) bool { return !k.Review() })
}

// Computed reports whether the objects of any kind come from the project's code.
func (s *Server) Computed() bool {
	return s.Virtual() || slices.ContainsFunc(s.Kinds, (*Kind).Parent)
}

// AwaitsSync reports whether requests may have to wait until informers have synced.
func (s *Server) AwaitsSync() bool { return len(s.Plugins) > 0 || s.Computed() }

// DryRuns reports whether functions of the user's have to honor dry runs.
func (s *Server) DryRuns() bool {
	return slices.ContainsFunc(s.Kinds, func(k *Kind) bool { return k.Review() || k.Parent() && len(k.Requests()) > 0 })
}

// Deprecated reports whether any version is deprecated.
func (s *Server) Deprecated() bool {
	return slices.ContainsFunc(s.Kinds, func(k *Kind) bool {
		return slices.ContainsFunc(k.Versions, func(v *KindVersion) bool { return v.Warning != "" })
	})
}

// Converted returns the kinds with several versions.
func (s *Server) Converted() []*Kind {
	return slices.DeleteFunc(slices.Clone(s.Kinds), func(k *Kind) bool { return len(k.Versions) == 1 })
}

// Suffix returns the version as a suffix of Go identifiers, such as V1alpha1.
func (v *KindVersion) Suffix() string { return strings.ToUpper(v.Version[:1]) + v.Version[1:] }

// NotStatusFields returns the JSON names of the fields other than the status, as Go strings, separated by commas.
func (v *KindVersion) NotStatusFields() string { return quoteAll(v.notStatus) }

// ShownColumns returns the names of the columns that kubectl get shows, as Go strings, separated by commas.
func (v *KindVersion) ShownColumns() string {
	return v.columnNames(func(c Column) bool { return c.Priority == 0 })
}

// WideColumns returns the names of the columns that only kubectl get -o wide shows, in the same form.
func (v *KindVersion) WideColumns() string {
	return v.columnNames(func(c Column) bool { return c.Priority > 0 })
}

func (v *KindVersion) columnNames(shown func(Column) bool) string {
	var names []string
	for _, column := range v.Columns {
		if shown(column) {
			names = append(names, column.Name)
		}
	}
	return quoteAll(names)
}

// TableImports returns the imports of a table that its columns need, except those that every table has.
func (k *Kind) TableImports() []string {
	imports := map[string]bool{}
	for _, v := range k.Versions {
		for _, column := range v.Columns {
			for _, name := range column.Imports {
				imports[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(imports))
}

// ShowsLists reports whether a column shows several values.
func (k *Kind) ShowsLists() bool {
	return slices.ContainsFunc(k.Versions, func(v *KindVersion) bool {
		return slices.ContainsFunc(v.Columns, func(c Column) bool { return c.Joins })
	})
}

// TableHelpers returns the functions that the columns call.
func (k *Kind) TableHelpers() []string {
	var out []string
	for _, v := range k.Versions {
		for _, column := range v.Columns {
			if column.Func != "" && !slices.Contains(out, column.Func) {
				out = append(out, column.Func)
			}
		}
	}
	return out
}
