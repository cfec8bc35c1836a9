package codegen

import (
	"go/token"
	"strings"

	"k8s.io/gengo/v2/types"
)

const interfacesMarker = "+k8s:deepcopy-gen:interfaces="

// runtimeObject is the interface of all API objects, as deepcopy-gen's marker names it.
const runtimeObject = "k8s.io/apimachinery/pkg/runtime.Object"

// An interfaceMarker names an interface for which deepcopy-gen is to write a DeepCopy method.
type interfaceMarker struct {
	pos  token.Position
	name types.Name
}

// interfaceMarkers finds deepcopy-gen's markers in the source: deepcopy-gen loads the packages they name while it runs.
func (s *source) interfaceMarkers() []interfaceMarker {
	var found []interfaceMarker
	for _, api := range s.options.APIs {
		for _, m := range s.packages[api.Package].markers {
			list, _ := strings.CutPrefix(m.Text, interfacesMarker)
			if list == m.Text {
				continue
			}
			for _, name := range strings.Split(list, ",") {
				if name != "" {
					found = append(found, interfaceMarker{pos: m.Pos, name: types.ParseFullyQualifiedName(name)})
				}
			}
		}
	}
	return found
}
