package apis

import (
	"strings"

	"k8s.io/gengo/v2/types"
)

// breakCycles finds the types of the project that contain themselves without a struct in between, such as type Tree []Tree, and returns their
// names. It replaces them by strings in the universe, because code that follows their elements would never end.
func (m *Model) breakCycles() []types.Name {
	var endless []*types.Type
	for path, pkg := range m.Universe {
		if path != m.Module && !strings.HasPrefix(path, m.Module+"/") {
			continue
		}
		for _, t := range pkg.Types {
			if containsItself(t) {
				endless = append(endless, t)
			}
		}
	}
	names := make([]types.Name, len(endless))
	for i, t := range endless {
		names[i] = t.Name
		t.Kind, t.Underlying, t.Elem, t.Key = types.Alias, types.String, nil, nil
	}
	return names
}

// containsItself reports whether following the elements of a type leads back to it.
func containsItself(t *types.Type) bool {
	seen := map[*types.Type]bool{}
	for next := contained(t); next != nil && !seen[next]; next = contained(next) {
		if next == t {
			return true
		}
		seen[next] = true
	}
	return false
}

// contained returns the element of a type, or the type that a named type is declared as, or nil.
func contained(t *types.Type) *types.Type {
	if t.Kind == types.Alias {
		return t.Underlying
	}
	return t.Elem
}
