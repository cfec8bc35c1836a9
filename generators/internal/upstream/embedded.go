package upstream

import (
	"slices"

	applyargs "k8s.io/code-generator/cmd/applyconfiguration-gen/args"
	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/internal/apis"
)

// expandEmbedded replaces embedded structs without an apply configuration, such as those of other modules, by their fields, until the returned
// function is called. applyconfiguration-gen treats such fields as pointers, so its code would not compile. The JSON is the same. Embedded
// pointers become named fields, because applyconfiguration-gen does not support them.
func (t *table) expandEmbedded() (restore func()) {
	originals := map[*types.Type][]types.Member{}
	for _, pkg := range t.client {
		for _, typ := range t.Universe[pkg].Types {
			if typ.Name.Package == pkg && slices.ContainsFunc(typ.Members, t.unsupported) {
				originals[typ] = typ.Members
			}
		}
	}
	members := map[*types.Type][]types.Member{}
	for typ := range originals {
		members[typ] = t.expandedMembers(typ)
	}
	for typ := range originals {
		typ.Members = members[typ]
	}
	return func() {
		for typ, original := range originals {
			typ.Members = original
		}
	}
}

// unsupported reports whether applyconfiguration-gen cannot handle a field.
func (t *table) unsupported(m types.Member) bool {
	return t.plainEmbedded(m) || m.Embedded && m.Type.Kind == types.Pointer
}

// plainEmbedded reports whether a field is an embedded struct without an apply configuration.
func (t *table) plainEmbedded(m types.Member) bool {
	typ := m.Type
	if typ.Kind == types.Pointer {
		typ = typ.Elem
	}
	_, known := applyargs.New().ExternalApplyConfigurations[typ.Name]
	return m.Embedded && typ.Kind == types.Struct && !known && !slices.Contains(t.client, typ.Name.Package)
}

// expandedMembers returns the fields of a struct, with embedded structs that have no apply configuration replaced by their fields. If another
// field has the same Go name, the name gets the embedded struct's name as a prefix.
func (t *table) expandedMembers(typ *types.Type) []types.Member {
	names := map[string]bool{}
	for _, m := range typ.Members {
		names[m.Name] = names[m.Name] || !apis.Inlined(m) || !t.plainEmbedded(m)
	}
	inJSON, _ := apis.JSONFields(typ)
	var out []types.Member
	for _, m := range typ.Members {
		switch {
		case !apis.Inlined(m):
			m.Embedded = m.Embedded && !t.unsupported(m)
			out = append(out, m)
		case !t.plainEmbedded(m):
			out = append(out, m)
		default:
			for _, f := range inJSON {
				if len(f.Path) > 0 && f.Path[0].Name == m.Name {
					for names[f.Name] {
						f.Name = m.Name + f.Name
					}
					names[f.Name] = true
					out = append(out, f.Member)
				}
			}
		}
	}
	return out
}
