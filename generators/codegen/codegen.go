// Package codegen runs Kubernetes' own code generators over a project's API packages, in this process and on one load of the
// packages. It is pure: it returns files and writes nothing to the project.
//
// The generators are k8s.io/code-generator's and kube-openapi's, as libraries; what they write is byte for byte what their
// commands write. The flow is parse (syntax errors and positions) -> load (gengo, once) -> check types and markers -> run each
// generator on a copy of one context, into memory -> evaluate the OpenAPI definitions, which applyconfiguration-gen needs ->
// format.
package codegen

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

	"github.com/apiserver-builder/builder/generators/markers"
)

// GeneratedDir is the folder of the project, and of its module, that holds all generated code but the zz_generated files of the
// API packages.
const GeneratedDir = "pkg/generated"

// Options say what to generate from.
type Options struct {
	// Dir is the absolute path of the project's folder, which is the root of its module.
	Dir string
	// Env is the environment of the go command, nil for this process's.
	Env []string
	// Module is the module's path.
	Module string
	// APIs are the group versions, in any order.
	APIs []API
	// Plurals are the plurals of kinds in the Go identifiers of clients, where the generators would choose others.
	Plurals map[string]string
	// Boilerplate is the licence header put on top of each generated file. It may be empty.
	Boilerplate []byte
}

// An API is one group version and the package of its types.
type API struct {
	// Group is the full name of the API group, such as "fruit.example.com".
	Group string
	// Version is the version, such as "v1alpha1".
	Version string
	// Package is the import path of the package, which ends in GROUPDIR/VERSION and is in the project's module.
	Package string
	// Peers are the packages of other versions that its types are converted to and from, by functions in Package.
	Peers []string
	// Methods are markers for methods of typed clients beyond the usual ones, such as
	// "+genclient:method=Approve,verb=create,subresource=approve", by the name of the kind's type.
	Methods map[string][]string
}

// dir is the folder of a package of the module.
func (o *Options) dir(pkg string) string {
	return filepath.Join(o.Dir, filepath.FromSlash(strings.TrimPrefix(strings.TrimPrefix(pkg, o.Module), "/")))
}

// isAPI says whether a package is that of a group version.
func (o *Options) isAPI(pkg string) bool {
	return slices.ContainsFunc(o.APIs, func(api API) bool { return api.Package == pkg })
}

// rel makes a file name slash-separated and relative to the project's folder, if it is in there.
func (o *Options) rel(file string) string {
	if r, err := filepath.Rel(o.Dir, file); err == nil && filepath.IsLocal(r) {
		return filepath.ToSlash(r)
	}
	return filepath.ToSlash(file)
}

// generated is the import path of a package under GeneratedDir.
func (o *Options) generated(elem ...string) string {
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

// Packages are the project's API packages, loaded and checked.
type Packages struct {
	// Universe has the types of the API packages, of the packages they refer to, and of k8s.io/apimachinery's common ones.
	Universe types.Universe

	options  Options
	source   *source
	registry *markers.Registry
	context  *generator.Context
	// external are the types of other modules and packages that the API types refer to, and which OpenAPI must describe.
	external map[types.Name]bool
	// own are those in other packages of the project, whose markers count as much as those of API types.
	own map[types.Name]bool
}

// Load parses, loads and type-checks the API packages, once, and checks their markers. Problems in the project's source come
// back together as Diagnostics. Generated files are not looked at, so they may be absent, stale or broken.
func Load(ctx context.Context, o Options) (*Packages, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	o.APIs = slices.SortedFunc(slices.Values(o.APIs), func(a, b API) int { return strings.Compare(a.Package, b.Package) })
	registry, err := markers.NewRegistry()
	if err != nil {
		return nil, err
	}
	p := &Packages{options: o, registry: registry}
	src, problems := parse(&p.options)
	p.source = src
	if err := p.load(ctx, problems); err != nil {
		return nil, err
	}
	p.addMethods()
	if err := p.check().err(); err != nil {
		return nil, err
	}
	p.translate()
	return p, nil
}

// Position is where a type of an API package, or one of its fields, is declared. The field is empty for the type itself; an embedded
// field goes by the name of its type. The Filename is slash-separated and relative to the project's folder. The position is
// the zero one (IsValid is false) for what is not declared in an API package.
func (p *Packages) Position(name types.Name, field string) token.Position {
	return p.source.position(name, field)
}

// Markers are those of a type of an API package or, given a field, of that field, in their order. Each is well-formed and in its
// place, and their Filename is that of Position.
func (p *Packages) Markers(name types.Name, field string) []markers.Marker {
	var out []markers.Marker
	if pkg := p.source.packages[name.Package]; pkg != nil {
		for _, m := range pkg.markers {
			if m.Name == name.Name && (field == "" && m.On == markers.Type || m.On == markers.Field && slices.Contains(m.Fields, field)) {
				out = append(out, m)
			}
		}
	}
	return out
}

// ParseMarker is what a marker says in controller-tools' terms, or nil if it is none of controller-tools'.
func (p *Packages) ParseMarker(m markers.Marker) any { return p.registry.Parse(m) }

// PackagePosition is where the package clause of an API package is: in doc.go if there is one, which is where the package's
// markers belong.
func (p *Packages) PackagePosition(pkg string) token.Position {
	return p.source.packagePosition(pkg)
}
