// Package apis is the model of a project's API types: their group versions, Go types and fields, and for each of these its name in JSON,
// its markers and its position. Only this package parses the Go files of a project, reads comments and derives names in JSON. Checks and
// generators use the model.
package apis

import (
	"context"
	"fmt"
	"go/token"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/gengo/v2/generator"
	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/internal/godriver"
	"github.com/apiserver-builder/builder/generators/internal/markers"

	"github.com/apiserver-builder/builder/generators/diagnostics"
)

// GeneratedDir is the folder, in the project and in its module, of all generated code except the zz_generated files of the API packages.
const GeneratedDir = "pkg/generated"

// Options defines the packages to load, and how to load them.
type Options struct {
	// Dir is the absolute path of the project's folder, which contains its go.mod.
	Dir string
	// Env is the environment of the go command. If it is nil, the go command gets the environment of this process.
	Env []string
	// Module is the path of the project's module.
	Module string
	// APIs lists the group versions, in any order.
	APIs []API
	// Plurals maps kinds to the plurals in the Go identifiers of their clients, if they differ from those that the generators derive.
	Plurals map[string]string
	// Boilerplate is the license header of each generated file. It may be empty.
	Boilerplate []byte
}

// An API is a group version and the package of its types.
type API struct {
	// Group is the full name of the API group, such as "fruit.example.com".
	Group string
	// Version is the version, such as "v1alpha1".
	Version string
	// Package is the import path of the package, which ends in GROUPDIR/VERSION and is in the project's module.
	Package string
	// Peers lists the packages of other versions that functions in Package convert its types to and from.
	Peers []string
	// Kinds lists the types that are declared as kinds. Objects lists all types of API objects: kinds, their lists, and the objects and
	// options of subresources.
	Kinds, Objects []string
	// Unstored lists the kinds that are not stored. A status or scale of their types in another module is not served.
	Unstored []string
	// Methods maps the type of a kind to the markers for additional methods of its typed client, such as
	// "+genclient:method=Approve,verb=create,subresource=approve".
	Methods map[string][]string
}

// Folder returns the folder of a package of the module.
func (o *Options) Folder(pkg string) string {
	return filepath.Join(o.Dir, filepath.FromSlash(strings.TrimPrefix(strings.TrimPrefix(pkg, o.Module), "/")))
}

// IsAPI reports whether a package contains the types of a group version.
func (o *Options) IsAPI(pkg string) bool {
	return slices.ContainsFunc(o.APIs, func(api API) bool { return api.Package == pkg })
}

// Relative returns a file name with slashes, relative to the project's folder if the file is in it.
func (o *Options) Relative(file string) string {
	if r, err := filepath.Rel(o.Dir, file); err == nil && filepath.IsLocal(r) {
		return filepath.ToSlash(r)
	}
	return filepath.ToSlash(file)
}

// Generated returns the import path of a package under GeneratedDir.
func (o *Options) Generated(elem ...string) string {
	return path.Join(append([]string{o.Module, GeneratedDir}, elem...)...)
}

func (o *Options) validate() error {
	if !filepath.IsAbs(o.Dir) {
		return fmt.Errorf("the project's folder %q is not an absolute path", o.Dir)
	}
	if o.Module == "" {
		return fmt.Errorf("no module path given for %s", o.Dir)
	}
	for _, a := range o.APIs {
		if !strings.HasPrefix(a.Package, o.Module+"/") {
			return fmt.Errorf("the package %s of %s/%s is not in the module %s", a.Package, a.Group, a.Version, o.Module)
		}
		if path.Base(a.Package) != a.Version {
			return fmt.Errorf("the package %s of %s/%s must end in /%s", a.Package, a.Group, a.Version, a.Version)
		}
	}
	return nil
}

// A Model describes the API packages of a project.
type Model struct {
	Options
	// Universe contains the types of the API packages, of the packages that they refer to, and the common types of k8s.io/apimachinery.
	Universe types.Universe
	// Registry contains all markers that are supported.
	Registry *markers.Registry
	// Context is the gengo context for all generators. A second context on the same universe would find its packages empty.
	Context *generator.Context
	// External contains the types outside the API packages that the API types refer to and that OpenAPI must describe.
	External map[types.Name]bool
	// Own contains the External types that belong to the project. Their markers are honored like those of API types.
	Own map[types.Name]bool

	// Foreign contains the types of other modules that API objects are aliases of, by the names of the objects.
	Foreign map[types.Name]*types.Type

	// Problems lists the errors of the type checker in the declarations of the API packages.
	Problems diagnostics.List

	source *source
	// byGoCommand means that the go command finds the packages, not godriver.
	byGoCommand bool
}

// Load parses, loads and type-checks the API packages. It ignores generated files, which may be missing, outdated or broken. If packages
// cannot be loaded, the error is a diagnostics.List of all reasons, and the model has only markers and positions.
func Load(ctx context.Context, o Options) (*Model, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	o.APIs = slices.SortedFunc(slices.Values(o.APIs), func(a, b API) int { return strings.Compare(a.Package, b.Package) })
	registry, err := markers.NewRegistry()
	if err != nil {
		return nil, err
	}
	m := &Model{Options: o, Registry: registry}
	err = m.read(ctx)
	if (err != nil || len(m.Problems) > 0) && !m.byGoCommand && ctx.Err() == nil {
		// Users know the messages of the compiler and the go command.
		godriver.RecordFallback(ctx, err)
		m = &Model{Options: o, Registry: registry, byGoCommand: true}
		err = m.read(ctx)
	}
	if err != nil {
		return &Model{Options: m.Options, Registry: registry, source: m.source}, err
	}
	m.addImplied()
	return m, nil
}

// read parses and loads the packages.
func (m *Model) read(ctx context.Context) error {
	src, problems := parse(&m.Options)
	m.source = src
	m.byGoCommand = m.byGoCommand || len(problems) > 0
	return m.load(ctx, problems)
}

// Position returns the position of the declaration of a type of an API package or, if field is not empty, of one of its fields. The name of
// an embedded field is the name of its type. The Filename has slashes and is relative to the project's folder. For declarations outside the
// API packages, Position returns the zero position.
func (m *Model) Position(name types.Name, field string) token.Position {
	return m.source.position(name, field)
}

// Markers returns the markers of a type of an API package or, if field is not empty, of one of its fields, in source order. The fields of
// "type A B" have the markers of B's fields.
func (m *Model) Markers(name types.Name, field string) []markers.Marker {
	if field != "" {
		name = m.declares(name)
	}
	var out []markers.Marker
	for _, marker := range m.MarkersIn(name.Package) {
		if marker.Name == name.Name && (field == "" && marker.On == markers.Type || marker.On == markers.Field && slices.Contains(marker.Fields, field)) {
			out = append(out, marker)
		}
	}
	if field == "" {
		out = append(out, m.foreignMarkers(name, out)...)
	}
	return out
}

// declares returns the type whose declaration lists the fields of a type: the type itself, or in the case of "type A B" the type that B
// resolves to.
func (m *Model) declares(name types.Name) types.Name {
	if m.source.literal(name) || m.Universe == nil || m.Universe[name.Package] == nil || m.Universe[name.Package].Types[name.Name] == nil {
		return name
	}
	goType := m.Universe[name.Package].Types[name.Name].GoType
	for pkg := range m.source.packages {
		if m.Universe[pkg] == nil || goType == nil {
			continue
		}
		for _, t := range m.Universe[pkg].Types {
			if t.GoType != nil && t.GoType.Underlying() == goType.Underlying() && m.source.literal(t.Name) {
				return t.Name
			}
		}
	}
	return name
}

// MarkersIn returns all markers in the files of a package of the project, in source order.
func (m *Model) MarkersIn(pkg string) []markers.Marker {
	if p := m.source.packages[pkg]; p != nil {
		return p.markers
	}
	return nil
}

// PackageMarkers returns the markers of the package clause.
func (m *Model) PackageMarkers(pkg string) []markers.Marker {
	return slices.DeleteFunc(slices.Clone(m.MarkersIn(pkg)), func(marker markers.Marker) bool { return marker.On != markers.Package })
}

// PackagePosition returns the position of the package clause of an API package. If the package has a doc.go, where its markers belong, it
// is the position in that file.
func (m *Model) PackagePosition(pkg string) token.Position {
	return m.source.packagePosition(pkg)
}
