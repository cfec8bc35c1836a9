package wiring

import (
	"go/token"
	"slices"
	"strings"

	"k8s.io/gengo/v2/types"
	crdmarkers "sigs.k8s.io/controller-tools/pkg/crd/markers"

	"github.com/apiserver-builder/builder/generators/markers"
)

// kindMarkers are what the markers on a kind's type say of it in one version.
type kindMarkers struct {
	resource crdmarkers.Resource
	status   bool
	scale    *scaleMarker
	columns  []columnMarker
	// selectable are the fields that selectors may name.
	selectable []selectableMarker
	// deprecated says that the version is, and warning what clients are to be told.
	deprecated bool
	warning    string
}

type columnMarker struct {
	crdmarkers.PrintColumn
	pos token.Position
}

// A declaration is a type as its author wrote it: where, and with which markers.
type declaration struct {
	pos     token.Position
	markers []markers.Marker
}

// declaration finds a type in an API package, if it is there.
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
		switch value := r.packages.ParseMarker(m).(type) {
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
	return out
}

// ofKinds are the beginnings of markers that mean something on a kind's type alone.
var ofKinds = []string{
	"+genclient", "+resourceName", "+kubebuilder:resource", "+kubebuilder:subresource", "+kubebuilder:printcolumn",
	"+kubebuilder:selectablefield", "+kubebuilder:storageversion", "+kubebuilder:deprecatedversion",
}

// checkOtherTypes says which types have a kind's markers and are none that PROJECT has.
func (r *reader) checkOtherTypes(v *GroupVersion) {
	for name, t := range r.packages.Universe[v.ImportPath].Types {
		if slices.Contains(v.Kinds, name) {
			continue
		}
		for _, m := range r.packages.Markers(t.Name, "") {
			if slices.ContainsFunc(ofKinds, func(prefix string) bool { return strings.HasPrefix(m.Text, prefix) }) {
				r.problem(m.Pos, "%s is no kind that PROJECT has in %s, so the marker %s has no effect: take it out, or declare the kind there", name, v.Version, m.Text)
				break
			}
		}
	}
}
