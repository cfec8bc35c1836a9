package apis

import (
	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/internal/markers"
)

// A Set contains the markers of one type, field or package, by name.
type Set map[string][]markers.Marker

// SetOf returns markers by name, without those that are unknown.
func (m *Model) SetOf(all []markers.Marker) Set {
	s := Set{}
	for _, marker := range all {
		if d := m.Registry.Lookup(marker.Text); d != nil {
			s[d.Name] = append(s[d.Name], marker)
		}
	}
	return s
}

// MarkersOf returns the markers of a type or, if field is not empty, of one of its fields, by name.
func (m *Model) MarkersOf(name types.Name, field string) Set { return m.SetOf(m.Markers(name, field)) }

// First returns the first marker with one of the names, or nil.
func (s Set) First(names ...string) *markers.Marker {
	var found *markers.Marker
	for _, name := range names {
		if all := s[name]; len(all) > 0 && (found == nil || all[0].Pos.Offset < found.Pos.Offset) {
			found = &all[0]
		}
	}
	return found
}
