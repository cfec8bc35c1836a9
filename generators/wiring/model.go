package wiring

import (
	"go/token"
	"maps"
	"reflect"
	"slices"
	"strings"

	"k8s.io/gengo/v2/types"
)

// A Server is what the templates of the whole project see.
type Server struct {
	Name, Module string
	// Groups are those that serve kinds.
	Groups []Group
	// Versions are the group versions that serve kinds, and AllVersions those that are declared.
	Versions, AllVersions []*GroupVersion
	Kinds                 []*Kind
	// Reconcilers are the names of the types in internal/controller.
	Reconcilers []string
	// Validated says that markers of some kinds ask for validation.
	Validated bool
}

// A Group is an API group that serves kinds.
type Group struct {
	GroupName string
	// Versions are in order of preference.
	Versions []*GroupVersion
	Kinds    []*Kind
}

// A GroupVersion is a version of a group, and its Go package.
type GroupVersion struct {
	GroupName, GroupPackage, Version string
	Alias, ImportPath                string
	// Kinds are the kinds that the version serves.
	Kinds []string
	// Requests are the types of what is POSTed to their subresources.
	Requests []string
	// Converted says that some of its kinds are converted to a preferred version by functions in this package.
	Converted bool

	dir string
}

// A Kind is what the templates of a kind see.
type Kind struct {
	Module, GroupName, Name        string
	Resource, Singular             string
	Package                        string
	StorageAlias                   string
	StorageImportPath              string
	Namespaced, Status, Controller bool
	// Hub is the storage version.
	Hub *KindVersion
	// Versions are in order of preference.
	Versions []*KindVersion
	// Subresources are those that are functions of the kind's own.
	Subresources []Subresource
	// Types and Constants are the names of those that the hub is made of.
	Types, Constants []string

	shortNames, categories []string
	pos                    token.Position
}

// A Subresource is a function of a kind's own.
type Subresource struct {
	// Name is the end of its URL, Type what is POSTed to it, and Method the function that answers.
	Name, Type, Method string
}

// A KindVersion is what differs between the versions of a kind.
type KindVersion struct {
	*GroupVersion
	// Hub says that objects are stored in this version.
	Hub bool
	// Type is the Go type, as the kind's registry package names it.
	Type    string
	Columns []Column
	// Scale is what the scale subresource does in this version. It is nil if there is none.
	Scale *Scale
	// Fields are those that a selector may name.
	Fields []SelectableField
	// Warning is what clients are told who use the version, if it is deprecated.
	Warning string

	name      string
	resource  string // as PROJECT has it
	notStatus []string
	pos       token.Position
}

// ShortNames are Go strings, separated by commas.
func (k *Kind) ShortNames() string { return quoteAll(k.shortNames) }

// Categories are Go strings, separated by commas.
func (k *Kind) Categories() string { return quoteAll(k.categories) }

// Others are the versions that are converted to and from the hub.
func (k *Kind) Others() []*KindVersion {
	return slices.DeleteFunc(slices.Clone(k.Versions), func(v *KindVersion) bool { return v.Hub })
}

// Scaled says whether any of the kinds has a scale.
func (s *Server) Scaled() bool {
	return slices.ContainsFunc(s.Kinds, func(k *Kind) bool { return k.Hub.Scale != nil })
}

// Extended are the kinds with subresources that are functions of their own.
func (g Group) Extended() []*Kind {
	return slices.DeleteFunc(slices.Clone(g.Kinds), func(k *Kind) bool { return len(k.Subresources) == 0 })
}

// Extended says whether any of the kinds has a subresource that is a function of its own.
func (s *Server) Extended() bool {
	return slices.ContainsFunc(s.Groups, func(g Group) bool { return len(g.Extended()) > 0 })
}

// Deprecated says whether any of the versions is.
func (s *Server) Deprecated() bool {
	return slices.ContainsFunc(s.Kinds, func(k *Kind) bool {
		return slices.ContainsFunc(k.Versions, func(v *KindVersion) bool { return v.Warning != "" })
	})
}

// Converted are the kinds with several versions.
func (s *Server) Converted() []*Kind {
	return slices.DeleteFunc(slices.Clone(s.Kinds), func(k *Kind) bool { return len(k.Versions) == 1 })
}

// Suffix is the version as the end of a Go identifier: V1alpha1.
func (v *KindVersion) Suffix() string { return strings.ToUpper(v.Version[:1]) + v.Version[1:] }

// NotStatusFields are the names in JSON of the fields beside the status, as Go strings, separated by commas.
func (v *KindVersion) NotStatusFields() string { return quoteAll(v.notStatus) }

// ShownColumns are the names of the columns that kubectl get shows, as Go strings, separated by commas.
func (v *KindVersion) ShownColumns() string {
	return v.columnNames(func(c Column) bool { return c.Priority == 0 })
}

// WideColumns are those that it adds with -o wide.
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

// TableImports are the imports, beyond those of every table, that the columns need.
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

// TableHelpers are the functions that the columns call.
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

// jsonName is a member's name in JSON, empty if it is inlined or left out.
func jsonName(member types.Member) string {
	name, _, _ := strings.Cut(reflect.StructTag(member.Tags).Get("json"), ",")
	if name == "-" {
		return ""
	}
	return name
}
