package openapi

import (
	"maps"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/gengo/v2/types"
	"sigs.k8s.io/controller-tools/pkg/crd"
)

// A scoped schema contains references that are relative to a package.
type scoped struct {
	apiextensionsv1.JSONSchemaProps
	pkg string
}

// A structSchema is the schema of a struct, including inlined structs.
type structSchema struct {
	own        apiextensionsv1.JSONSchemaProps
	properties map[string]scoped
}

// A resolver follows the references between schemas.
type resolver struct {
	universe types.Universe
	schemas  Schemas
}

// structSchemaOf returns the schema of a struct with its inlined structs, like openapi-gen's definition, or nil.
func (r resolver) structSchemaOf(name types.Name) *structSchema {
	schema := r.schemas.Type(name)
	if schema == nil {
		return nil
	}
	if schema.Ref != nil { // type A B
		out := r.structSchemaOf(r.target(*schema.Ref, name.Package))
		if out != nil {
			out.own = overlay(out.own, *schema)
		}
		return out
	}
	out := &structSchema{own: *schema, properties: map[string]scoped{}}
	for _, inlined := range schema.AllOf {
		if inlined.Ref == nil {
			continue
		}
		if inner := r.structSchemaOf(r.target(*inlined.Ref, name.Package)); inner != nil {
			out.own = overlay(inner.own, out.own)
			maps.Copy(out.properties, inner.properties)
		}
	}
	for property, field := range schema.Properties {
		out.properties[property] = scoped{field, name.Package}
	}
	return out
}

// target returns the type that a reference in a package refers to.
func (r resolver) target(ref, pkg string) types.Name {
	name, other, err := crd.RefParts(ref)
	if err != nil {
		return types.Name{}
	}
	if other != "" {
		pkg = other
	}
	return types.Name{Package: pkg, Name: name}
}

// resolve follows references to types other than structs, which openapi-gen describes where they are used. Constraints of a field override
// those of its type.
func (r resolver) resolve(s scoped) scoped {
	if s.Ref == nil {
		return s
	}
	name := r.target(*s.Ref, s.pkg)
	pkg := r.universe[name.Package]
	if pkg == nil || pkg.Types[name.Name] == nil || pkg.Types[name.Name].Kind == types.Struct {
		return s
	}
	schema := r.schemas.Type(name)
	if schema == nil {
		return s
	}
	base := r.resolve(scoped{*schema, name.Package})
	return scoped{overlay(base.JSONSchemaProps, s.JSONSchemaProps), base.pkg}
}

// overlay returns the schema base with the constraints of over.
func overlay(base, over apiextensionsv1.JSONSchemaProps) apiextensionsv1.JSONSchemaProps {
	out := base
	setIf(&out.Title, over.Title)
	setIf(&out.Format, over.Format)
	setIf(&out.Pattern, over.Pattern)
	setIf(&out.Nullable, over.Nullable)
	setIf(&out.ExclusiveMaximum, over.ExclusiveMaximum)
	setIf(&out.ExclusiveMinimum, over.ExclusiveMinimum)
	setIf(&out.UniqueItems, over.UniqueItems)
	setIf(&out.Maximum, over.Maximum)
	setIf(&out.Minimum, over.Minimum)
	setIf(&out.MultipleOf, over.MultipleOf)
	setIf(&out.MaxLength, over.MaxLength)
	setIf(&out.MinLength, over.MinLength)
	setIf(&out.MaxItems, over.MaxItems)
	setIf(&out.MinItems, over.MinItems)
	setIf(&out.MaxProperties, over.MaxProperties)
	setIf(&out.MinProperties, over.MinProperties)
	setIf(&out.Example, over.Example)
	setIf(&out.ExternalDocs, over.ExternalDocs)
	setIf(&out.XPreserveUnknownFields, over.XPreserveUnknownFields)
	if over.Enum != nil {
		out.Enum = over.Enum
	}
	if over.Items != nil && over.Items.Schema != nil {
		items := *over.Items.Schema
		if base.Items != nil && base.Items.Schema != nil {
			items = overlay(*base.Items.Schema, items)
		}
		out.Items = &apiextensionsv1.JSONSchemaPropsOrArray{Schema: &items}
	}
	out.XValidations = append(append(apiextensionsv1.ValidationRules{}, base.XValidations...), over.XValidations...)
	return out
}

func setIf[T comparable](target *T, value T) {
	var zero T
	if value != zero {
		*target = value
	}
}
