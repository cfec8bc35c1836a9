// Package project is the PROJECT file: what a project declares. It loads, validates, edits and saves the declaration, and knows
// no template.
package project

import (
	"cmp"
	"slices"
	"strings"
)

// FileName is the declaration's path, relative to the project's folder.
const FileName = "PROJECT"

// Layout is the version of the project layout that this release writes.
const Layout = 1

// KubernetesMinor is the Kubernetes minor version that this release generates for.
const KubernetesMinor = "1.37"

// A Project is what PROJECT declares. Lists are sorted, so that the order in which things were created does not show
// (but for the names of controllers, see Kind.ControllerPrefix).
type Project struct {
	// Layout is the version of the layout that the project was made with.
	Layout int `json:"layout"`
	// Kubernetes is the minor version that the project is generated for, such as "1.37".
	Kubernetes string `json:"kubernetes"`
	// Name is a DNS-1123 label that names the project's objects in a cluster: NAME-apiserver in the namespace NAME-system.
	Name string `json:"name"`
	// Domain is the DNS-1123 subdomain that every API group of the project ends with.
	Domain string `json:"domain"`
	// Module is the path of the project's Go module.
	Module string `json:"module"`
	// AllowReserved lets the domain and the module be Kubernetes' own, such as k8s.io.
	AllowReserved bool `json:"allowReserved,omitempty"`
	// Groups are the project's API groups.
	Groups []Group `json:"groups,omitempty"`
	// Controllers are the reconcilers of kinds that the project doesn't serve.
	Controllers []Controller `json:"controllers,omitempty"`
}

// A Group is an API group.
type Group struct {
	// Name is the group's first DNS-1123 label; the project's domain is the rest.
	Name string `json:"name"`
	// Versions are the group's versions, such as v1alpha1, the preferred one first (GA before beta before alpha).
	Versions []string `json:"versions,omitempty"`
	// Kinds are the kinds of the group.
	Kinds []Kind `json:"kinds,omitempty"`
}

// A Kind is a kind of object, as it was declared when it was created. Once its Go type exists, the markers on the type are
// what the server obeys.
type Kind struct {
	// Name is the kind: an exported Go identifier.
	Name string `json:"kind"`
	// Plural is the resource's name where it is not RegularPlural of the kind.
	Plural string `json:"plural,omitempty"`
	// Versions are the versions of the group that serve the kind, in the group's order.
	Versions []string `json:"versions"`
	// Created is the version that the kind was created in, where that is not the oldest.
	Created string `json:"created,omitempty"`
	// Storage is the version that is stored: the hub that all other versions are converted to and from.
	Storage string `json:"storage"`
	// Shape is how the kind is served. ShapeStored is the only one so far.
	Shape string `json:"shape"`
	// ClusterScoped kinds live in no namespace.
	ClusterScoped bool `json:"clusterScoped,omitempty"`
	// ShortNames are other names for the resource on kubectl's command line.
	ShortNames []string `json:"shortNames,omitempty"`
	// Categories are the names of sets of resources that the resource belongs to, such as "all".
	Categories []string `json:"categories,omitempty"`
	// Status says that the kind has a status subresource.
	Status bool `json:"status,omitempty"`
	// Scale says that the kind has a scale subresource.
	Scale bool `json:"scale,omitempty"`
	// Subresources are the names of the subresources that are functions of the kind's own, such as approve.
	Subresources []string `json:"subresources,omitempty"`
	// Controller says that the project has a reconciler for the kind.
	Controller bool `json:"controller,omitempty"`
	// ControllerPrefix begins the names of the reconciler if another one, which was created before, has the kind's name: veg makes
	// VegAppleReconciler.
	ControllerPrefix string `json:"controllerPrefix,omitempty"`
}

// ShapeStored is a kind whose objects are kept in etcd.
const ShapeStored = "stored"

// FullName is the API group's name, as in apiVersion: fruit.example.com.
func (p *Project) FullName(g Group) string { return g.Name + "." + p.Domain }

// Namespace is where the project's own objects live in a cluster.
func (p *Project) Namespace() string { return p.Name + "-system" }

// HasKinds says whether any kind is declared.
func (p *Project) HasKinds() bool {
	return slices.ContainsFunc(p.Groups, func(g Group) bool { return len(g.Kinds) > 0 })
}

// Package is the name of the group's folder under pkg/apis and pkg/registry, and of its Go packages: the name without hyphens.
func (g Group) Package() string { return strings.ReplaceAll(g.Name, "-", "") }

// Peers are the versions that kinds of the version are converted to and from by its package: for each kind the one that is preferred to
// it by one. So each package imports preferred ones alone, and which version is stored makes no difference.
func (g Group) Peers(version string) []string {
	var out []string
	for _, k := range g.Kinds {
		if i := slices.Index(k.Versions, version); i > 0 && !slices.Contains(out, k.Versions[i-1]) {
			out = append(out, k.Versions[i-1])
		}
	}
	// The nearest first, where types of theirs have the same name.
	slices.SortFunc(out, func(a, b string) int { return slices.Index(g.Versions, b) - slices.Index(g.Versions, a) })
	return out
}

// GoName is the group's name in the identifiers of generated clients: fruit-basket becomes FruitBasket.
func (g Group) GoName() string {
	var b strings.Builder
	for _, part := range strings.Split(g.Name, "-") {
		if part != "" {
			b.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return b.String()
}

// Package is the name of the kind's Go package, and of its folder under pkg/registry/GROUP: the kind in lower case, followed by
// "kind" where Go or the file system has a meaning of its own for that word (Main, String, Con).
func (k Kind) Package() string {
	name := strings.ToLower(k.Name)
	if reservedPackage(name) {
		return name + "kind"
	}
	return name
}

// Origin is the version that the kind was created in. The others began as copies of the user's types.
func (k Kind) Origin() string { return cmp.Or(k.Created, k.Versions[len(k.Versions)-1]) }

// Singular is the resource's singular name.
func (k Kind) Singular() string { return strings.ToLower(k.Name) }

// Resource is the resource's name in URLs: the plural of the kind, in lower case.
func (k Kind) Resource() string {
	if k.Plural != "" {
		return k.Plural
	}
	return RegularPlural(k.Name) // and not Plural, which changes as its words do: a resource keeps its name
}

// Namespaced says whether objects of the kind live in a namespace.
func (k Kind) Namespaced() bool { return !k.ClusterScoped }
