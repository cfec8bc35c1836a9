package schema

import (
	"maps"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/gengo/v2/types"
	"sigs.k8s.io/controller-tools/pkg/crd"
)

// withoutRecursion returns the schemas of all types, where a reference from a type back to itself is replaced by an object without fields.
// controller-tools would break the cycle at a place that depends on the order of a map.
func (s *Schemas) withoutRecursion() map[crd.TypeIdent]apiextensionsv1.JSONSchemaProps {
	out := maps.Clone(s.parser.Schemata)
	refers := map[types.Name][]types.Name{}
	for ident, schema := range out {
		name := nameOf(ident)
		crd.EditSchema(schema.DeepCopy(), references(func(target *apiextensionsv1.JSONSchemaProps) {
			refers[name] = append(refers[name], s.Resolve(name, *target.Ref))
		}))
	}
	leads := map[types.Name]map[types.Name]bool{}
	for name := range refers {
		leads[name] = reach(refers, name)
	}
	for ident, schema := range out {
		name := nameOf(ident)
		if !leads[name][name] {
			continue
		}
		edited := schema.DeepCopy()
		crd.EditSchema(edited, references(func(target *apiextensionsv1.JSONSchemaProps) {
			if leads[s.Resolve(name, *target.Ref)][name] {
				*target = apiextensionsv1.JSONSchemaProps{Type: "object"}
			}
		}))
		out[ident] = *edited
	}
	return out
}

func nameOf(ident crd.TypeIdent) types.Name {
	return types.Name{Package: ident.Package.PkgPath, Name: ident.Name}
}

// reach returns the types that a type refers to, directly or through other types.
func reach(refers map[types.Name][]types.Name, from types.Name) map[types.Name]bool {
	seen := map[types.Name]bool{}
	var visit func(types.Name)
	visit = func(name types.Name) {
		for _, next := range refers[name] {
			if !seen[next] {
				seen[next] = true
				visit(next)
			}
		}
	}
	visit(from)
	return seen
}

// references calls a function for each reference in a schema.
type references func(*apiextensionsv1.JSONSchemaProps)

// Visit implements crd.SchemaVisitor.
func (r references) Visit(schema *apiextensionsv1.JSONSchemaProps) crd.SchemaVisitor {
	if schema != nil && schema.Ref != nil {
		r(schema)
	}
	return r
}
