package apis

import (
	"go/token"
	"strings"

	"k8s.io/gengo/v2/types"
)

// InterfacesMarker lists interfaces for which deepcopy-gen generates methods.
const InterfacesMarker = "+k8s:deepcopy-gen:interfaces="

// RuntimeObject is the interface of all API objects, as deepcopy-gen's marker names it.
const RuntimeObject = "k8s.io/apimachinery/pkg/runtime.Object"

// An InterfaceMarker names an interface for which deepcopy-gen generates a DeepCopy method.
type InterfaceMarker struct {
	Pos  token.Position
	Name types.Name
}

// InterfaceMarkers returns the interface markers in the source. deepcopy-gen loads the packages of these interfaces while it runs.
func (m *Model) InterfaceMarkers() []InterfaceMarker {
	var found []InterfaceMarker
	for _, api := range m.APIs {
		for _, marker := range m.MarkersIn(api.Package) {
			list, _ := strings.CutPrefix(marker.Text, InterfacesMarker)
			if list == marker.Text {
				continue
			}
			for _, name := range strings.Split(list, ",") {
				if name != "" {
					found = append(found, InterfaceMarker{Pos: marker.Pos, Name: types.ParseFullyQualifiedName(name)})
				}
			}
		}
	}
	return found
}
