package server

import (
	"go/token"
	"slices"
	"strings"

	"k8s.io/gengo/v2/types"
	crdmarkers "sigs.k8s.io/controller-tools/pkg/crd/markers"

	"github.com/apiserver-builder/builder/generators/internal/markers"
)

// kindMarkers contains the markers on a kind's type in one version.
type kindMarkers struct {
	resource crdmarkers.Resource
	status   bool
	scale    *scaleMarker
	columns  []columnMarker
	// selectable lists the selectable fields.
	selectable []selectableMarker
	// deprecated means that the version is deprecated. warning is the warning for clients.
	deprecated bool
	warning    string
}

type columnMarker struct {
	crdmarkers.PrintColumn
	pos token.Position
}

// A declaration is the position of a type in the source, with its markers.
type declaration struct {
	pos     token.Position
	markers []markers.Marker
}

// declaration returns the declaration of a type in an API package, if it exists.
func (r *reader) declaration(name types.Name) (declaration, bool) {
	pos := r.packages.Position(name, "")
	return declaration{pos: pos, markers: r.packages.Markers(name, "")}, pos.IsValid()
}

func (d declaration) has(text string) bool     { return markers.Has(d.markers, text) }
func (d declaration) value(name string) string { return markers.Value(d.markers, name) }

// readKindMarkers reads the markers on a kind's type.
func (r *reader) readKindMarkers(v *KindVersion, d declaration) kindMarkers {
	var out kindMarkers
	for _, m := range d.markers {
		switch value := r.packages.Registry.Parse(m).(type) {
		case crdmarkers.Resource:
			out.resource = value
		case crdmarkers.SubresourceStatus:
			out.status = true
		case crdmarkers.StorageVersion:
			if !v.Hub {
				r.problem(m.Pos, "PROJECT stores %s in another version than %s: take %s out here", v.name, v.Version, m.Text)
			}
		case crdmarkers.DeprecatedVersion:
			out.deprecated = true
			if value.Warning != nil {
				out.warning = *value.Warning
			}
		case crdmarkers.SubresourceScale:
			out.scale = &scaleMarker{value, m.Pos}
		case crdmarkers.PrintColumn:
			out.columns = append(out.columns, columnMarker{value, m.Pos})
		case crdmarkers.SelectableField:
			out.selectable = append(out.selectable, selectableMarker{value, m.Pos})
		}
	}
	if out.resource.Scope == "" && d.has("+genclient:nonNamespaced") {
		out.resource.Scope = "Cluster"
	}
	return out
}

// ofKinds lists the prefixes of markers that have a meaning only on the type of a kind.
var ofKinds = []string{
	"+genclient", "+resourceName", "+kubebuilder:resource", "+kubebuilder:subresource", "+kubebuilder:printcolumn",
	"+kubebuilder:selectablefield", "+kubebuilder:storageversion", "+kubebuilder:deprecatedversion",
}

// checkOtherTypes reports types that have a kind's markers but are not declared in PROJECT.
func (r *reader) checkOtherTypes(v *GroupVersion) {
	for name, t := range r.packages.Universe[v.ImportPath].Types {
		if slices.Contains(v.Kinds, name) || r.packages.Foreign[t.Name] != nil {
			continue
		}
		for _, m := range r.packages.Markers(t.Name, "") {
			if slices.ContainsFunc(ofKinds, func(prefix string) bool { return strings.HasPrefix(m.Text, prefix) }) {
				r.problem(m.Pos, "%s is not a kind that PROJECT declares in %s, so the marker %s has no effect: take it out, or declare the kind there", name, v.Version, m.Text)
				break
			}
		}
	}
}
