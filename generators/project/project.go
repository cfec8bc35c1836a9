// Package project defines the PROJECT file, which declares a project. It loads, validates, edits and saves the declaration, and does not
// depend on templates.
package project

import (
	"cmp"
	"slices"
	"strings"
)

// FileName is the path of the declaration, relative to the project's folder.
const FileName = "PROJECT"

// Layout is the version of the project layout that this release writes.
const Layout = 1

// KubernetesMinor is the Kubernetes minor version that this release generates for.
const KubernetesMinor = "1.37"

// A Project is the content of PROJECT. Lists are sorted, so it does not depend on the order of the commands that made it (except for the
// names of controllers, see Kind.ControllerPrefix, and the order of admission plugins).
type Project struct {
	// Layout is the version of the project's layout.
	Layout int `json:"layout"`
	// Kubernetes is the minor version that the project is generated for, such as "1.37".
	Kubernetes string `json:"kubernetes"`
	// Builder is the version of builder that generated the project, such as v0.3.0. It is empty for a development build.
	Builder string `json:"builder,omitempty"`
	// Name is a DNS-1123 label, from which the names of the project's objects in a cluster are derived: NAME-apiserver in the namespace
	// NAME-system.
	Name string `json:"name"`
	// Domain is a DNS-1123 subdomain, the suffix of every API group of the project without a separate domain.
	Domain string `json:"domain"`
	// Module is the path of the project's Go module.
	Module string `json:"module"`
	// Certificates is the origin of the apiserver's certificate, one of those in CertificateOrigins. It is empty if that is the default.
	Certificates string `json:"certificates,omitempty"`
	// AllowReserved permits a domain and module of Kubernetes, such as k8s.io.
	AllowReserved bool `json:"allowReserved,omitempty"`
	// Groups lists the project's API groups.
	Groups []Group `json:"groups,omitempty"`
	// Controllers lists the reconcilers of kinds that the project does not serve.
	Controllers []Controller `json:"controllers,omitempty"`
	// Admission lists the admission plugins in the order in which they run, which is that of their creation.
	Admission []Admission `json:"admission,omitempty"`
}

// A Group is an API group.
type Group struct {
	// Name is the first label of the group. The rest is its domain.
	Name string `json:"name"`
	// Domain is a DNS-1123 subdomain. It is empty if it is the project's.
	Domain string `json:"domain,omitempty"`
	// Versions lists the group's versions, such as v1alpha1, the preferred one first (GA before beta before alpha).
	Versions []string `json:"versions,omitempty"`
	// Kinds lists the kinds of the group.
	Kinds []Kind `json:"kinds,omitempty"`
}

// A Kind is a kind of object, as declared when it was created. Once its Go type exists, the server follows the markers on the type.
type Kind struct {
	// Name is the name of the kind, an exported Go identifier.
	Name string `json:"kind"`
	// Plural is the resource's name. It is empty if that is RegularPlural of the kind.
	Plural string `json:"plural,omitempty"`
	// Versions lists the versions of the group that serve the kind, in the group's order.
	Versions []string `json:"versions"`
	// Created is the version that the kind was created in. It is empty if that is the oldest one.
	Created string `json:"created,omitempty"`
	// Storage is the storage version. It is empty if the kind is not stored.
	Storage string `json:"storage,omitempty"`
	// Shape defines how the kind is served. It is one of the shapes below.
	Shape string `json:"shape"`
	// ClusterScoped means that objects of the kind have no namespace.
	ClusterScoped bool `json:"clusterScoped,omitempty"`
	// ShortNames lists short names of the resource for kubectl's command line.
	ShortNames []string `json:"shortNames,omitempty"`
	// Categories lists groups of resources that the resource belongs to, such as "all".
	Categories []string `json:"categories,omitempty"`
	// Answer is the type of the answers of a review. It is empty if the answer has the type of the request.
	Answer string `json:"answer,omitempty"`
	// TypesPackage is the import path of the package of another module that declares the types of the kind. It is empty if the project does.
	TypesPackage string `json:"types,omitempty"`
	// Status means that the kind has a status subresource.
	Status bool `json:"status,omitempty"`
	// Scale means that the kind has a scale subresource.
	Scale bool `json:"scale,omitempty"`
	// Subresources lists the custom subresources of the kind, such as approve.
	Subresources []Subresource `json:"subresources,omitempty"`
	// Controller means that the project has a reconciler for the kind.
	Controller bool `json:"controller,omitempty"`
	// ControllerPrefix is the prefix of the reconciler's names if an older reconciler already has the kind's name. The prefix veg makes
	// VegAppleReconciler.
	ControllerPrefix string `json:"controllerPrefix,omitempty"`
}

// The shapes of kinds.
const (
	// ShapeStored is the shape of kinds whose objects are stored in etcd.
	ShapeStored = "stored"
	// ShapeVirtual is the shape of kinds whose objects the project's code returns.
	ShapeVirtual = "virtual"
	// ShapeReview is the shape of kinds that clients only create, to get an answer.
	ShapeReview = "review"
	// ShapeParent is the shape of kinds that only have subresources, for objects that another API serves.
	ShapeParent = "parent"
)

// Shapes returns all shapes.
func Shapes() []string { return []string{ShapeStored, ShapeVirtual, ShapeReview, ShapeParent} }

// Listed reports whether the kind's resource can be listed, so that it has a list type.
func (k Kind) Listed() bool { return k.Shape == ShapeStored || k.Shape == ShapeVirtual }

// Foreign reports whether another module declares the types of the kind.
func (k Kind) Foreign() bool { return k.TypesPackage != "" }

// Types returns the Go types of the kind in each version, without those of its subresources.
func (k Kind) Types() []string {
	out := []string{k.Name}
	if k.Listed() {
		out = append(out, k.Name+"List")
	}
	if k.Answer != "" {
		out = append(out, k.Answer)
	}
	return out
}

// implementations contains the names of the user's types that implement kinds, by shape.
var implementations = map[string]string{ShapeStored: "Strategy", ShapeVirtual: "Storage", ShapeReview: "Reviewer", ShapeParent: "Parent"}

// Connects reports whether any subresource has the verb connect.
func (p *Project) Connects() bool {
	connects := func(s Subresource) bool { return s.Verb == VerbConnect }
	return slices.ContainsFunc(p.Groups, func(g Group) bool {
		return slices.ContainsFunc(g.Kinds, func(k Kind) bool { return slices.ContainsFunc(k.Subresources, connects) })
	})
}

// FullName returns the full name of an API group, such as fruit.example.com.
func (p *Project) FullName(g Group) string { return g.Name + "." + cmp.Or(g.Domain, p.Domain) }

// GroupArgument returns the shortest argument that refers to a group: its first label if it has the project's domain, or else its full name.
func (p *Project) GroupArgument(g Group) string {
	if g.Domain == "" {
		return g.Name
	}
	return p.FullName(g)
}

// Namespace returns the namespace of the project's own objects in a cluster.
func (p *Project) Namespace() string { return p.Name + "-system" }

// HasKinds reports whether any kind is declared.
func (p *Project) HasKinds() bool {
	return slices.ContainsFunc(p.Groups, func(g Group) bool { return len(g.Kinds) > 0 })
}

// Package returns the name of the group's folder in pkg/apis and pkg/registry, and of its Go packages: the name without hyphens.
func (g Group) Package() string { return strings.ReplaceAll(g.Name, "-", "") }

// Peers returns the versions that the version's package converts its kinds to and from: for each kind, the next more preferred version. So
// packages only import more preferred versions, and the conversions do not depend on the storage version.
func (g Group) Peers(version string) []string {
	var out []string
	for _, k := range g.Kinds {
		if i := slices.Index(k.Versions, version); i > 0 && !slices.Contains(out, k.Versions[i-1]) {
			out = append(out, k.Versions[i-1])
		}
	}
	// The nearest one comes first, because it takes precedence if types in several have the same name.
	slices.SortFunc(out, func(a, b string) int { return slices.Index(g.Versions, b) - slices.Index(g.Versions, a) })
	return out
}

// RegistryFolder returns the folder of the kind's storage, with slashes.
func (g Group) RegistryFolder(k Kind) string {
	return "pkg/registry/" + g.Package() + "/" + k.Package()
}

// GoName returns the group's name in the identifiers of generated clients: fruit-basket becomes FruitBasket.
func (g Group) GoName() string {
	var b strings.Builder
	for _, part := range strings.Split(g.Name, "-") {
		if part != "" {
			b.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return b.String()
}

// Package returns the name of the kind's Go package, and of its folder in pkg/registry/GROUP: the kind in lower case, followed by "kind" if
// Go or a file system reserves this name (Main, String, Con).
func (k Kind) Package() string {
	name := strings.ToLower(k.Name)
	if reservedPackage(name) {
		return name + "kind"
	}
	return name
}

// Origin returns the version that the kind was created in. The types of other versions started as copies of it.
func (k Kind) Origin() string { return cmp.Or(k.Created, k.Versions[len(k.Versions)-1]) }

// Singular returns the resource's singular name.
func (k Kind) Singular() string { return strings.ToLower(k.Name) }

// Resource returns the resource's name in URLs: the plural of the kind, in lower case.
func (k Kind) Resource() string {
	if k.Plural != "" {
		return k.Plural
	}
	return RegularPlural(k.Name) // not Plural, whose results may change, because a resource must keep its name
}

// Implementation returns the name of the user's type that implements the kind, in its registry package.
func (k Kind) Implementation() string { return implementations[k.Shape] }

// Receiver returns the receiver of its methods in templates. Types other than Strategy may contain locks and caches.
func (k Kind) Receiver() string {
	if k.Shape == ShapeStored {
		return "Strategy"
	}
	return strings.ToLower(k.Implementation()[:1]) + " *" + k.Implementation()
}

// Hub returns the version of the types that the project's code for the kind refers to, which is the hub of the conversions: the storage
// version, or the preferred version if the kind is not stored.
func (k Kind) Hub() string { return cmp.Or(k.Storage, k.Versions[0]) }

// Namespaced reports whether objects of the kind have a namespace.
func (k Kind) Namespaced() bool { return !k.ClusterScoped }

// Etcdless reports whether there are kinds, but none that are stored.
func (p *Project) Etcdless() bool { return p.HasKinds() && !p.HasStored() }

// Computed reports whether the objects of any kind come from the project's code, so that its tests need to change what they are computed from.
func (p *Project) Computed() bool { return p.hasShape(ShapeVirtual) || p.hasShape(ShapeParent) }

// HasStored reports whether any kind is stored.
func (p *Project) HasStored() bool { return p.hasShape(ShapeStored) }

func (p *Project) hasShape(shape string) bool {
	return slices.ContainsFunc(p.Groups, func(g Group) bool {
		return slices.ContainsFunc(g.Kinds, func(k Kind) bool { return k.Shape == shape })
	})
}
