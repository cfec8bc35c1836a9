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
	// Storage is the storage version, which is the hub of the conversions.
	Storage string `json:"storage"`
	// Shape defines how the kind is served. The only shape is ShapeStored.
	Shape string `json:"shape"`
	// ClusterScoped means that objects of the kind have no namespace.
	ClusterScoped bool `json:"clusterScoped,omitempty"`
	// ShortNames lists short names of the resource for kubectl's command line.
	ShortNames []string `json:"shortNames,omitempty"`
	// Categories lists groups of resources that the resource belongs to, such as "all".
	Categories []string `json:"categories,omitempty"`
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

// ShapeStored is the shape of kinds whose objects are stored in etcd.
const ShapeStored = "stored"

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

// Namespaced reports whether objects of the kind have a namespace.
func (k Kind) Namespaced() bool { return !k.ClusterScoped }
