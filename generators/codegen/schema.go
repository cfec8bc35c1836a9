package codegen

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"k8s.io/code-generator/cmd/client-gen/generators/util"
	"k8s.io/gengo/v2"
	"k8s.io/gengo/v2/types"
	openapiutil "k8s.io/kube-openapi/pkg/util"
	"k8s.io/kube-openapi/pkg/validation/spec"
)

// definitions are OpenAPI v2 schemas by model name.
type definitions map[string]spec.Schema

// schema is the OpenAPI document that applyconfiguration-gen reads, made of what openapi-gen just wrote. Upstream compiles and
// runs the project for it; here the generated code is evaluated as it stands, which takes milliseconds and works while
// the project does not compile. Only what calls into hand-written code is compiled, outside the project's folder.
func (p *Packages) schema(ctx context.Context, raw map[string][]byte) ([]byte, error) {
	defs, err := p.evaluateDefinitions(raw[OpenAPIFile])
	var unknown *notEvaluableError
	if errors.As(err, &unknown) {
		compiled, compileErr := p.compileDefinitions(ctx, raw)
		if compileErr != nil {
			return nil, fmt.Errorf("the OpenAPI definitions could not be evaluated (%w), so they were compiled: %w", err, compileErr)
		}
		defs, err = compiled, nil
	}
	if err != nil {
		return nil, fmt.Errorf("evaluating the OpenAPI definitions: %w", err)
	}
	p.addAliases(defs)
	return swagger(p.options.Module, defs)
}

func swagger(title string, defs definitions) ([]byte, error) {
	return json.Marshal(&spec.Swagger{SwaggerProps: spec.SwaggerProps{
		Swagger:     "2.0",
		Info:        &spec.Info{InfoProps: spec.InfoProps{Title: title, Version: "unversioned"}},
		Definitions: spec.Definitions(defs),
	}})
}

// addAliases gives each kind's definition the name that applyconfiguration-gen looks it up by, which it derives from the path of
// the Go package whatever +k8s:openapi-model-package says. The type converter that it generates as well goes by the real
// name, so the definition needs both. The reference in AllOf has no meaning to either; it keeps the definition of the real name
// from being dropped as unused.
func (p *Packages) addAliases(defs definitions) {
	for _, api := range p.options.APIs {
		for _, t := range p.Universe[api.Package].Types {
			tags, err := util.ParseClientGenTags(comments(t))
			if err != nil || !tags.GenerateClient {
				continue
			}
			model, byPath := p.modelName(t), openapiutil.ToRESTFriendlyName(t.Name.String())
			def, ok := defs[model]
			if !ok || model == byPath {
				continue
			}
			def.AllOf = []spec.Schema{{SchemaProps: spec.SchemaProps{Ref: definitionRef(model)}}}
			defs[byPath] = def
		}
	}
}

const modelPackageTag = "k8s:openapi-model-package"

// modelName is the name of a type's OpenAPI definition: +k8s:openapi-model-package on the type or else on its package rules,
// or else the path of the Go package.
func (p *Packages) modelName(t *types.Type) string {
	for _, lines := range [][]string{t.CommentLines, p.Universe.Package(t.Name.Package).Comments} {
		tags, err := gengo.ExtractFunctionStyleCommentTags("+", []string{modelPackageTag}, lines)
		if found := tags[modelPackageTag]; err == nil && len(found) > 0 && found[0].Value != "" {
			return found[0].Value + "." + t.Name.Name
		}
	}
	return openapiutil.ToRESTFriendlyName(t.Name.String())
}

// definitionName turns the name that generated code gives a definition, a model's name or else the path of a Go type, into
// a model's name. The two look different: only a path has slashes.
func definitionName(name string) string {
	if strings.Contains(name, "/") {
		return openapiutil.ToRESTFriendlyName(name)
	}
	return name
}

// definitionRef refers to a definition by the name that generated code gives it.
func definitionRef(name string) spec.Ref {
	ref, err := spec.NewRef("#/definitions/" + definitionName(name))
	if err != nil { // no name of a Go type, or of a model, is not part of a URL
		return spec.Ref{}
	}
	return ref
}

// comments are all the lines that may carry a type's markers.
func comments(t *types.Type) []string {
	return append(append([]string{}, t.SecondClosestCommentLines...), t.CommentLines...)
}
