package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	openapiutil "k8s.io/kube-openapi/pkg/util"
	"k8s.io/kube-openapi/pkg/validation/spec"

	"github.com/apiserver-builder/builder/generators/diagnostics"

	"github.com/apiserver-builder/builder/generators/internal/apis"
)

// definitions contains OpenAPI v2 schemas by model name.
type definitions map[string]spec.Schema

// schema returns the OpenAPI document that applyconfiguration-gen reads, from openapi-gen's output. Upstream compiles and runs the project
// for it. schema evaluates the generated code instead, which takes milliseconds and works even if the project does not compile. It only
// compiles definitions that call hand-written code, outside the project's folder.
func (u *upstream) schema(ctx context.Context, raw map[string][]byte) ([]byte, error) {
	defs, err := u.evaluateDefinitions(raw[OpenAPIFile])
	var unknown *notEvaluableError
	if errors.As(err, &unknown) {
		compiled, compileErr := u.compileDefinitions(ctx, raw)
		var problems diagnostics.List
		if errors.As(compileErr, &problems) {
			return nil, problems
		}
		if compileErr != nil {
			return nil, fmt.Errorf("the OpenAPI definitions could not be evaluated (%w), so they were compiled: %w", err, compileErr)
		}
		defs, err = compiled, nil
	}
	if err != nil {
		return nil, fmt.Errorf("evaluating the OpenAPI definitions: %w", err)
	}
	u.addAliases(defs)
	return swagger(u.Module, defs)
}

func swagger(title string, defs definitions) ([]byte, error) {
	return json.Marshal(&spec.Swagger{SwaggerProps: spec.SwaggerProps{
		Swagger:     "2.0",
		Info:        &spec.Info{InfoProps: spec.InfoProps{Title: title, Version: "unversioned"}},
		Definitions: spec.Definitions(defs),
	}})
}

// addAliases adds a second name for each kind's definition. applyconfiguration-gen derives the name from the path of the Go package, and
// ignores +k8s:openapi-model-package. But the type converter that it generates uses the real name. The reference in AllOf only prevents the
// definition with the real name from being removed as unused.
func (u *upstream) addAliases(defs definitions) {
	for _, api := range u.APIs {
		for _, t := range u.Universe[api.Package].Types {
			tags, err := apis.ClientTags(t)
			if err != nil || !tags.GenerateClient {
				continue
			}
			model, byPath := u.ModelName(t), openapiutil.ToRESTFriendlyName(t.Name.String())
			def, ok := defs[model]
			if !ok || model == byPath {
				continue
			}
			def.AllOf = []spec.Schema{{SchemaProps: spec.SchemaProps{Ref: definitionRef(model)}}}
			defs[byPath] = def
		}
	}
}

// definitionName returns the model name for a name in generated code. The name is a model name or the path of a Go type; only a path
// contains slashes.
func definitionName(name string) string {
	if strings.Contains(name, "/") {
		return openapiutil.ToRESTFriendlyName(name)
	}
	return name
}

// definitionRef returns a reference to a definition by its name in generated code.
func definitionRef(name string) spec.Ref {
	ref, err := spec.NewRef("#/definitions/" + definitionName(name))
	if err != nil { // the names of Go types and models are valid in URLs
		return spec.Ref{}
	}
	return ref
}
