package upstream

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"reflect"
	"strconv"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/gengo/v2/types"
	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/validation/spec"
)

// A notEvaluableError reports an expression in generated code that only a compiler can evaluate.
type notEvaluableError struct {
	pos  token.Position
	what string
}

func (e *notEvaluableError) Error() string { return fmt.Sprintf("%s: %s", e.pos, e.what) }

const (
	specPackage   = "k8s.io/kube-openapi/pkg/validation/spec"
	commonPackage = "k8s.io/kube-openapi/pkg/common"
)

// evaluatedTypes contains the types of the literals in openapi-gen's output.
var evaluatedTypes = map[string]reflect.Type{
	"any":                                reflect.TypeFor[any](),
	"bool":                               reflect.TypeFor[bool](),
	"float64":                            reflect.TypeFor[float64](),
	"int64":                              reflect.TypeFor[int64](),
	"string":                             reflect.TypeFor[string](),
	specPackage + ".Schema":              reflect.TypeFor[spec.Schema](),
	specPackage + ".SchemaProps":         reflect.TypeFor[spec.SchemaProps](),
	specPackage + ".VendorExtensible":    reflect.TypeFor[spec.VendorExtensible](),
	specPackage + ".Extensions":          reflect.TypeFor[spec.Extensions](),
	specPackage + ".SchemaOrArray":       reflect.TypeFor[spec.SchemaOrArray](),
	specPackage + ".SchemaOrBool":        reflect.TypeFor[spec.SchemaOrBool](),
	specPackage + ".SchemaOrStringArray": reflect.TypeFor[spec.SchemaOrStringArray](),
	commonPackage + ".OpenAPIDefinition": reflect.TypeFor[common.OpenAPIDefinition](),
}

// evaluatedFuncs contains the functions that openapi-gen's output calls.
var evaluatedFuncs = map[string]reflect.Value{
	commonPackage + ".EmbedOpenAPIDefinitionIntoV2Extension": reflect.ValueOf(common.EmbedOpenAPIDefinitionIntoV2Extension),
	commonPackage + ".GenerateOpenAPIV3OneOfSchema":          reflect.ValueOf(common.GenerateOpenAPIV3OneOfSchema),
}

// evaluatedReceivers contains the types that describe themselves in OpenAPI, and that are the same in every project.
var evaluatedReceivers = map[string]reflect.Value{
	"k8s.io/apimachinery/pkg/api/resource.Quantity":   reflect.ValueOf(resource.Quantity{}),
	"k8s.io/apimachinery/pkg/apis/meta/v1.Duration":   reflect.ValueOf(metav1.Duration{}),
	"k8s.io/apimachinery/pkg/apis/meta/v1.MicroTime":  reflect.ValueOf(metav1.MicroTime{}),
	"k8s.io/apimachinery/pkg/apis/meta/v1.Time":       reflect.ValueOf(metav1.Time{}),
	"k8s.io/apimachinery/pkg/util/intstr.IntOrString": reflect.ValueOf(intstr.IntOrString{}),

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSON":                         reflect.ValueOf(apiextensionsv1.JSON{}),
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrArray":       reflect.ValueOf(apiextensionsv1.JSONSchemaPropsOrArray{}),
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrBool":        reflect.ValueOf(apiextensionsv1.JSONSchemaPropsOrBool{}),
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrStringArray": reflect.ValueOf(apiextensionsv1.JSONSchemaPropsOrStringArray{}),
}

// An evaluator evaluates expressions in a file from openapi-gen: composite literals and a few calls.
type evaluator struct {
	upstream *upstream
	fset     *token.FileSet
	imports  map[string]string // import path by name
	funcs    map[string]*ast.FuncDecl
}

// evaluateDefinitions returns the result of GetOpenAPIDefinitions in the given source, or a notEvaluableError.
func (u *upstream) evaluateDefinitions(src []byte) (definitions, error) {
	e := &evaluator{upstream: u, fset: token.NewFileSet(), imports: map[string]string{}, funcs: map[string]*ast.FuncDecl{}}
	file, err := parser.ParseFile(e.fset, OpenAPIFile, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, importSpec := range file.Imports {
		imported, err := strconv.Unquote(importSpec.Path.Value)
		if err != nil {
			return nil, err
		}
		name := path.Base(imported)
		if importSpec.Name != nil {
			name = importSpec.Name.Name
		}
		e.imports[name] = imported
	}
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok {
			e.funcs[f.Name.Name] = f
		}
	}
	result, err := e.callLocal(file, "GetOpenAPIDefinitions")
	if err != nil {
		return nil, err
	}
	found, ok := result.Interface().(map[string]common.OpenAPIDefinition)
	if !ok {
		return nil, e.unknown(file, "GetOpenAPIDefinitions returns a %s", result.Type())
	}
	defs := make(definitions, len(found))
	for name, def := range found {
		defs[definitionName(name)] = schemaV2(def)
	}
	return defs, nil
}

// schemaV2 returns the OpenAPI v2 schema of a definition, which may differ from the v3 schema.
func schemaV2(def common.OpenAPIDefinition) spec.Schema {
	if v2, ok := def.Schema.Extensions[common.ExtensionV2Schema].(spec.Schema); ok {
		return v2
	}
	return def.Schema
}

func (e *evaluator) unknown(n ast.Node, format string, args ...any) error {
	return &notEvaluableError{pos: e.fset.Position(n.Pos()), what: fmt.Sprintf(format, args...)}
}

// callLocal evaluates a call of a function of the file that only returns a value.
func (e *evaluator) callLocal(at ast.Node, name string) (reflect.Value, error) {
	f := e.funcs[name]
	if f == nil {
		return reflect.Value{}, e.unknown(at, "there is no function %s", name)
	}
	if len(f.Body.List) == 1 {
		if ret, ok := f.Body.List[0].(*ast.ReturnStmt); ok && len(ret.Results) == 1 {
			return e.eval(ret.Results[0], nil)
		}
	}
	return reflect.Value{}, e.unknown(f, "%s does more than return a value", name)
}

// qualified returns the full name that a selector such as v1.Time refers to, or "" if the selector does not refer to a member of a package.
func (e *evaluator) qualified(s *ast.SelectorExpr) types.Name {
	if x, ok := s.X.(*ast.Ident); ok && e.imports[x.Name] != "" {
		return types.Name{Package: e.imports[x.Name], Name: s.Sel.Name}
	}
	return types.Name{}
}

// typeOf returns the type that a type expression refers to.
func (e *evaluator) typeOf(expr ast.Expr) (reflect.Type, error) {
	switch x := expr.(type) {
	case *ast.Ident:
		if t := evaluatedTypes[x.Name]; t != nil {
			return t, nil
		}
	case *ast.InterfaceType:
		return evaluatedTypes["any"], nil
	case *ast.SelectorExpr:
		if t := evaluatedTypes[e.qualified(x).String()]; t != nil {
			return t, nil
		}
	case *ast.ArrayType:
		elem, err := e.typeOf(x.Elt)
		if err != nil {
			return nil, err
		}
		return reflect.SliceOf(elem), nil
	case *ast.MapType:
		key, err := e.typeOf(x.Key)
		if err != nil {
			return nil, err
		}
		elem, err := e.typeOf(x.Value)
		if err != nil {
			return nil, err
		}
		return reflect.MapOf(key, elem), nil
	}
	return nil, e.unknown(expr, "a literal of an unexpected type")
}
