package server

import (
	"go/token"
	"maps"
	"slices"
	"strings"

	"github.com/apiserver-builder/builder/generators/internal/apis/roles"
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
	// ControllerOptions means that the reconcilers have options, which the flags of the controller manager set.
	ControllerOptions bool
	// Plugins lists the admission plugins, in order.
	Plugins []Plugin
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

// A GroupVersion is a version of a group, and its Go package.
type GroupVersion struct {
	GroupName, GroupPackage, Version string
	Alias, ImportPath                string
	// Kinds lists the kinds that the version serves.
	Kinds []string
	// Objects lists the types of objects and options of their subresources.
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
	// Hub is the storage version.
	Hub *KindVersion
	// Versions is in order of preference.
	Versions []*KindVersion
	// Subresources lists the custom subresources.
	Subresources []Subresource
	// Types and Constants list the types that the hub refers to, and their constants.
	Types, Constants []string

	shortNames, categories []string
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
	pos       token.Position
}

// ShortNames returns Go strings, separated by commas.
func (k *Kind) ShortNames() string { return quoteAll(k.shortNames) }

// Categories returns Go strings, separated by commas.
func (k *Kind) Categories() string { return quoteAll(k.categories) }

// Others returns the versions other than the hub.
func (k *Kind) Others() []*KindVersion {
	return slices.DeleteFunc(slices.Clone(k.Versions), func(v *KindVersion) bool { return v.Hub })
}

// Scaled reports whether any kind has a scale subresource.
func (s *Server) Scaled() bool {
	return slices.ContainsFunc(s.Kinds, func(k *Kind) bool { return k.Hub.Scale != nil })
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
