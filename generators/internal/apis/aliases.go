package apis

import (
	"maps"
	"slices"
	"strings"

	"golang.org/x/tools/go/types/typeutil"
	"k8s.io/gengo/v2/types"
)

// unifyAliased replaces unnamed lists, maps and pointers that are identical in Go. If Name is an alias of string in the project, gengo has
// two types for map[string]string and map[string]Name. The generators need one.
func (m *Model) unifyAliased() {
	var canonical typeutil.Map
	instead := map[*types.Type]*types.Type{}
	unnamed := m.Universe[""].Types
	own := func(name string) bool { return strings.Contains(name, m.Module+"/") }
	names := slices.SortedFunc(maps.Keys(unnamed), func(a, b string) int {
		if own(a) != own(b) {
			return map[bool]int{false: -1, true: 1}[own(a)]
		}
		return strings.Compare(a, b)
	})
	for _, name := range names {
		t := unnamed[name]
		if t.GoType == nil {
			continue
		}
		first, ok := canonical.At(t.GoType).(*types.Type)
		switch {
		case !ok:
			canonical.Set(t.GoType, t)
		case own(name):
			instead[t] = first
		}
	}
	if len(instead) > 0 {
		replace(m.Universe, instead)
	}
}

// replace changes all references from the keys of instead to their values.
func replace(u types.Universe, instead map[*types.Type]*types.Type) {
	swap := func(t **types.Type) {
		if other := instead[*t]; other != nil {
			*t = other
		}
	}
	for _, pkg := range u {
		for _, t := range pkg.Types {
			swap(&t.Elem)
			swap(&t.Key)
			swap(&t.Underlying)
			for i := range t.Members {
				swap(&t.Members[i].Type)
			}
		}
	}
}
