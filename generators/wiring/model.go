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
	Versions, AllVersions []*Version
	Kinds                 []*Kind
	// Reconcilers are the names of the types in internal/controller.
	Reconcilers []string
}

// A Group is an API group that serves kinds.
type Group struct {
	GroupName string
	// Versions are in order of preference.
	Versions []*Version
	Kinds    []*Kind
}

// A Version is a group version and its Go package.
type Version struct {
	GroupName, GroupPackage, Version string
	Alias, ImportPath                string
	// Kinds are the kinds that the version serves.
	Kinds []string

	dir string
}

// A Kind is what the templates of a kind see.
type Kind struct {
	GroupName, Name                string
	Resource, Singular             string
	Package                        string
	StorageAlias                   string
	StorageImportPath              string
	Namespaced, Status, Controller bool
	// Hub is the storage version.
	Hub      *Version
	Versions []*Version
	Columns  []Column

	shortNames, categories, notStatus []string
	pos                               token.Position
}

// ShortNames are Go strings, separated by commas.
func (k *Kind) ShortNames() string { return quoteAll(k.shortNames) }

// Categories are Go strings, separated by commas.
func (k *Kind) Categories() string { return quoteAll(k.categories) }

// NotStatusFields are the names in JSON of the fields beside the status, as Go strings, separated by commas.
func (k *Kind) NotStatusFields() string { return quoteAll(k.notStatus) }

// ShownColumns are the names of the columns that kubectl get shows, as Go strings, separated by commas.
func (k *Kind) ShownColumns() string {
	return k.columnNames(func(c Column) bool { return c.Priority == 0 })
}

// WideColumns are those that it adds with -o wide.
func (k *Kind) WideColumns() string {
	return k.columnNames(func(c Column) bool { return c.Priority > 0 })
}

func (k *Kind) columnNames(shown func(Column) bool) string {
	var names []string
	for _, column := range k.Columns {
		if shown(column) {
			names = append(names, column.Name)
		}
	}
	return quoteAll(names)
}

// TableImports are the imports, beyond those of every table, that the columns need.
func (k *Kind) TableImports() []string {
	imports := map[string]bool{}
	for _, column := range k.Columns {
		for _, name := range column.Imports {
			imports[name] = true
		}
	}
	return slices.Sorted(maps.Keys(imports))
}

// TableHelpers are the functions that the columns call.
func (k *Kind) TableHelpers() []string {
	var out []string
	for _, column := range k.Columns {
		if column.Func != "" && !slices.Contains(out, column.Func) {
			out = append(out, column.Func)
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
