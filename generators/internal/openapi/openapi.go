// Package openapi adds constraints to the OpenAPI definitions from openapi-gen, which ignores kubebuilder's markers. The result is the same
// as in a CRD for the same types, so clients and kubectl explain can show it.
package openapi

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/gengo/v2/types"
)

// Schemas provides controller-tools' schemas of Go types.
type Schemas interface {
	// Type returns the schema of a type, in which other named types are references, or nil.
	Type(types.Name) *apiextensionsv1.JSONSchemaProps
}

// Constrain adds the constraints of each type, field, element and value to openapi-gen's file, and returns it formatted. universe contains
// the types.
func Constrain(source []byte, universe types.Universe, schemas Schemas) ([]byte, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", source, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("the OpenAPI definitions: %w", err)
	}
	e := &editor{schemas: resolver{universe, schemas}, offset: func(p token.Pos) int { return fset.Position(p).Offset }}
	described := describedTypes(file)
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Body == nil || len(f.Body.List) != 1 {
			continue
		}
		ret, ok := f.Body.List[0].(*ast.ReturnStmt)
		if !ok || len(ret.Results) != 1 {
			continue
		}
		name, ok := described[f.Name.Name]
		definition, isLiteral := ret.Results[0].(*ast.CompositeLit)
		if ok && isLiteral {
			e.definition(element(definition, "Schema"), name)
		}
	}
	return e.apply(source)
}

// describedTypes returns the types by the name of the function that returns their definition, from GetOpenAPIDefinitions.
func describedTypes(file *ast.File) map[string]types.Name {
	imports := map[string]string{}
	for _, spec := range file.Imports {
		if imported, err := strconv.Unquote(spec.Path.Value); err == nil && spec.Name != nil {
			imports[spec.Name.Name] = imported
		}
	}
	out := map[string]types.Name{}
	ast.Inspect(file, func(n ast.Node) bool {
		pair, ok := n.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		call, ok := pair.Value.(*ast.CallExpr)
		if !ok {
			return true
		}
		if f, ok := call.Fun.(*ast.Ident); ok && strings.HasPrefix(f.Name, "schema_") {
			if name := keyOf(pair.Key, imports); name.Name != "" {
				out[f.Name] = name
			}
		}
		return true
	})
	return out
}

// keyOf returns the type that a key refers to. The key is v1.Apple{}.OpenAPIModelName() or the path of the type as a string.
func keyOf(key ast.Expr, imports map[string]string) types.Name {
	switch key := key.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(key.Value); err == nil {
			return types.ParseFullyQualifiedName(text)
		}
	case *ast.CallExpr:
		method, ok := key.Fun.(*ast.SelectorExpr)
		if !ok {
			break
		}
		if receiver, ok := method.X.(*ast.CompositeLit); ok {
			if t, ok := receiver.Type.(*ast.SelectorExpr); ok {
				if pkg, ok := t.X.(*ast.Ident); ok {
					return types.Name{Package: imports[pkg.Name], Name: t.Sel.Name}
				}
			}
		}
	}
	return types.Name{}
}

// element returns the value of a key in a composite literal if it is a composite literal itself, or nil.
func element(literal *ast.CompositeLit, key string) *ast.CompositeLit {
	if pair := keyValue(literal, key); pair != nil {
		return composite(pair.Value)
	}
	return nil
}

func keyValue(literal *ast.CompositeLit, key string) *ast.KeyValueExpr {
	if literal == nil {
		return nil
	}
	for _, elt := range literal.Elts {
		if pair, ok := elt.(*ast.KeyValueExpr); ok {
			if name, ok := pair.Key.(*ast.Ident); ok && name.Name == key {
				return pair
			}
		}
	}
	return nil
}

// unset reports whether the value of a pair is the literal "".
func unset(pair *ast.KeyValueExpr) bool {
	if pair == nil {
		return false
	}
	text, ok := pair.Value.(*ast.BasicLit)
	return ok && text.Value == `""`
}

// composite returns the composite literal that an expression is or points to, or nil.
func composite(e ast.Expr) *ast.CompositeLit {
	if address, ok := e.(*ast.UnaryExpr); ok {
		e = address.X
	}
	literal, _ := e.(*ast.CompositeLit)
	return literal
}

// An editor collects changes to the source.
type editor struct {
	schemas resolver
	offset  func(token.Pos) int
	edits   []edit
}

// An edit replaces the text between two offsets.
type edit struct {
	from, to int
	text     string
}

func (e *editor) insert(at token.Pos, text string) {
	e.edits = append(e.edits, edit{e.offset(at), e.offset(at), text})
}

func (e *editor) apply(source []byte) ([]byte, error) {
	if len(e.edits) == 0 {
		return source, nil
	}
	slices.SortStableFunc(e.edits, func(a, b edit) int { return cmp.Compare(a.from, b.from) })
	var out []byte
	end := 0
	for _, edit := range e.edits {
		out = append(append(out, source[end:edit.from]...), edit.text...)
		end = edit.to
	}
	formatted, err := format.Source(append(out, source[end:]...))
	if err != nil {
		return nil, fmt.Errorf("the OpenAPI definitions with constraints: %w", err)
	}
	return formatted, nil
}

// definition completes the definition of a struct.
func (e *editor) definition(literal *ast.CompositeLit, name types.Name) {
	schema := e.schemas.structSchemaOf(name)
	if schema == nil || literal == nil {
		return
	}
	e.constraints(literal, &schema.own)
	properties := element(element(literal, "SchemaProps"), "Properties")
	if properties == nil {
		return
	}
	for _, elt := range properties.Elts {
		pair, ok := elt.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		key, ok := pair.Key.(*ast.BasicLit)
		if !ok {
			continue
		}
		property, err := strconv.Unquote(key.Value)
		if err != nil {
			continue
		}
		if field, ok := schema.properties[property]; ok {
			e.schema(composite(pair.Value), field)
		}
	}
}

// schema completes the schema of a value, and of its items and entries.
func (e *editor) schema(literal *ast.CompositeLit, s scoped) {
	if literal == nil {
		return
	}
	e.setDefault(literal, s.Default)
	s = e.schemas.resolve(s)
	e.constraints(literal, &s.JSONSchemaProps)
	props := element(literal, "SchemaProps")
	if s.Items != nil && s.Items.Schema != nil {
		e.schema(element(element(props, "Items"), "Schema"), scoped{*s.Items.Schema, s.pkg})
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil {
		e.schema(element(element(props, "AdditionalProperties"), "Schema"), scoped{*s.AdditionalProperties.Schema, s.pkg})
	}
}

// setDefault replaces the zero value in a literal of spec.Schema by the default of a field.
func (e *editor) setDefault(literal *ast.CompositeLit, value *apiextensionsv1.JSON) {
	props := element(literal, "SchemaProps")
	if props == nil || value == nil {
		return
	}
	there := keyValue(props, "Default")
	if there == nil {
		return // openapi-gen sets no default, so the Go type cannot have one
	}
	if isZero(there.Value) {
		e.edits = append(e.edits, edit{e.offset(there.Value.Pos()), e.offset(there.Value.End()), literalOf(*value)})
	}
}

// isZero reports whether an expression is the zero value that openapi-gen uses as the default of a field.
func isZero(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return e.Value == "0" || e.Value == `""`
	case *ast.Ident:
		return e.Name == "false"
	case *ast.CompositeLit:
		_, isMap := e.Type.(*ast.MapType)
		return isMap && len(e.Elts) == 0
	}
	return false
}

// constraints adds the constraints of a schema, without those of its items and fields, to a literal of spec.Schema.
func (e *editor) constraints(literal *ast.CompositeLit, s *apiextensionsv1.JSONSchemaProps) {
	props := keyValue(literal, "SchemaProps")
	if props == nil {
		return
	}
	inner := composite(props.Value)
	for _, field := range schemaProps(s) {
		there := keyValue(inner, field.key)
		if field.key == "Format" && !unset(there) { // it describes the Go type, and is not a constraint
			continue
		}
		if there != nil {
			e.edits = append(e.edits, edit{e.offset(there.Value.Pos()), e.offset(there.Value.End()), field.value})
			continue
		}
		e.insert(inner.Rbrace, field.key+": "+field.value+",\n")
	}
	if text := extensions(s); text != "" {
		if there := element(element(literal, "VendorExtensible"), "Extensions"); there != nil {
			e.insert(there.Rbrace, text)
		} else {
			e.insert(props.Pos(), "VendorExtensible: spec.VendorExtensible{\nExtensions: spec.Extensions{\n"+text+"},\n},\n")
		}
	}
	if text := swaggerProps(s); text != "" {
		e.insert(literal.Rbrace, "SwaggerSchemaProps: spec.SwaggerSchemaProps{\n"+text+"},\n")
	}
}
