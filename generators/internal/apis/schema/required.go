package schema

import (
	gotypes "go/types"
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/gengo/v2/types"
	"k8s.io/utils/ptr"
)

// correctRequired corrects the schemas of fields with +k8s:required and a named type. controller-tools treats the type as a struct, and
// would require properties of a resource.Quantity.
func (s *Schemas) correctRequired() {
	for ident, schema := range s.parser.Schemata {
		for name, field := range schema.Properties {
			if field.Ref == nil || field.Type != "" || field.MinProperties == nil {
				continue
			}
			of := s.Resolve(types.Name{Package: ident.Package.PkgPath}, *field.Ref)
			if s.hasProperties(of, nil) {
				continue
			}
			field.MinProperties = nil
			if s.isString(of) {
				field.MinLength = ptr.To[int64](1)
			}
			schema.Properties[name] = field
		}
	}
}

// hasProperties reports whether a type is a struct or a map in JSON. seen lists the types that refer to it: the compiler rejects a type that
// is declared as itself, but its schema exists.
func (s *Schemas) hasProperties(name types.Name, seen []types.Name) bool {
	schema := ptr.Deref(s.Type(name), apiextensionsv1.JSONSchemaProps{})
	if schema.Ref != nil {
		return !slices.Contains(seen, name) && s.hasProperties(s.Resolve(name, *schema.Ref), append(seen, name))
	}
	return schema.Type == "object" && !ptr.Deref(schema.XPreserveUnknownFields, false)
}

// isString reports whether a type is a string in Go.
func (s *Schemas) isString(name types.Name) bool {
	pkg := s.packages[name.Package]
	if pkg == nil || pkg.Types == nil {
		return false
	}
	obj := pkg.Types.Scope().Lookup(name.Name)
	if obj == nil {
		return false
	}
	basic, ok := obj.Type().Underlying().(*gotypes.Basic)
	return ok && basic.Info()&gotypes.IsString != 0
}
