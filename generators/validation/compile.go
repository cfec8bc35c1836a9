package validation

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensionsvalidation "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/gengo/v2/types"
	"sigs.k8s.io/controller-tools/pkg/crd"
)

// compile has a CRD with the kind's schema checked, as kube-apiserver does when one is created: whether each rule compiles, and
// what it may cost.
func (r *ruleReader) compile(name types.Name) {
	schema := r.schemas.Kind(name).DeepCopy()
	schema.Properties["metadata"] = apiextensionsv1.JSONSchemaProps{Type: "object"}
	forgive(schema)
	internal := &apiextensions.JSONSchemaProps{}
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(schema, internal, nil); err != nil {
		r.problem(place{owner: name}, "", "the schema of %s: %v", name.Name, err)
		return
	}
	r.fieldPaths(internal, "")
	errs := apiextensionsvalidation.ValidateCustomResourceDefinition(context.Background(), definition(internal))
	if slices.ContainsFunc(errs, tooCostly) { // what they cost together is of no matter then
		errs = slices.DeleteFunc(errs, func(err *field.Error) bool { return strings.Contains(err.Detail, "entire OpenAPIv3 schema") })
	}
	for _, err := range errs {
		path, rest, ok := strings.Cut(strings.TrimPrefix(err.Field, schemaPath), ".x-kubernetes-validations[")
		switch {
		case !ok && path == "":
			r.problem(place{owner: name}, "", "the CEL rules of %s together are refused: %s", name.Name, err.Detail)
			continue
		case !ok: // so kube-apiserver has not looked at the rules
			r.problem(place{owner: name}, "", "the CEL rules of %s can't be compiled, since its schema is refused: %s: %s", name.Name, strings.TrimPrefix(path, "."), err.ErrorBody())
			continue
		}
		index, what, _ := strings.Cut(rest, "]")
		i, _ := strconv.Atoi(index)
		if rule := r.find(internal, path, i); rule != nil {
			r.problemAt(rule.pos, "%s", explain(strings.TrimPrefix(what, "."), err))
		}
	}
}

// tooCostly says whether an error is of what a rule alone may cost.
func tooCostly(err *field.Error) bool {
	return strings.HasPrefix(err.Detail, "estimated rule cost exceeds") || strings.HasPrefix(err.Detail, "estimated messageExpression cost exceeds")
}

// forgive takes out of a schema what a CRD refuses and is all the same to CEL.
func forgive(schema *apiextensionsv1.JSONSchemaProps) {
	crd.EditSchema(schema, forgiving{})
}

type forgiving struct{}

// Visit implements crd.SchemaVisitor.
func (f forgiving) Visit(schema *apiextensionsv1.JSONSchemaProps) crd.SchemaVisitor {
	if schema == nil {
		return f
	}
	schema.UniqueItems = false
	return f
}

const schemaPath = "spec.validation.openAPIV3Schema"

// definition is a CRD of which all but the schema is as it should be.
func definition(schema *apiextensions.JSONSchemaProps) *apiextensions.CustomResourceDefinition {
	preserve := false
	return &apiextensions.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: "kinds.example.com"},
		Spec: apiextensions.CustomResourceDefinitionSpec{
			Group: "example.com", Scope: apiextensions.NamespaceScoped, PreserveUnknownFields: &preserve,
			Names:      apiextensions.CustomResourceDefinitionNames{Plural: "kinds", Singular: "kind", Kind: "Kind", ListKind: "KindList"},
			Validation: &apiextensions.CustomResourceValidation{OpenAPIV3Schema: schema},
			Versions:   []apiextensions.CustomResourceDefinitionVersion{{Name: "v1", Served: true, Storage: true}},
			Conversion: &apiextensions.CustomResourceConversion{Strategy: apiextensions.NoneConverter},
		},
		Status: apiextensions.CustomResourceDefinitionStatus{StoredVersions: []string{"v1"}},
	}
}

// find is the rule of that index in the schema at a path.
func (r *ruleReader) find(root *apiextensions.JSONSchemaProps, path string, index int) *rule {
	var text string
	walk(root, "", func(at string, s *apiextensions.JSONSchemaProps) {
		if at == path && index < len(s.XValidations) {
			text = s.XValidations[index].Rule
		}
	})
	for _, rule := range r.byPath[path] {
		if rule.Rule == text {
			return rule
		}
	}
	return nil
}

// walk visits a schema and those below it, with their paths.
func walk(s *apiextensions.JSONSchemaProps, path string, visit func(string, *apiextensions.JSONSchemaProps)) {
	visit(path, s)
	for name, property := range s.Properties {
		walk(&property, path+".properties["+name+"]", visit)
	}
	if s.Items != nil && s.Items.Schema != nil {
		walk(s.Items.Schema, path+".items", visit)
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil {
		walk(s.AdditionalProperties.Schema, path+".additionalProperties", visit)
	}
}

// fieldPaths brings each rule's FieldPath into the form in which it is appended to a path.
func (r *ruleReader) fieldPaths(root *apiextensions.JSONSchemaProps, path string) {
	walk(root, path, func(at string, s *apiextensions.JSONSchemaProps) {
		for _, rule := range r.byPath[at] {
			if rule.FieldPath == "" {
				continue
			}
			structural, err := structuralschema.NewStructural(s)
			if err != nil {
				continue // which is told of the rule as well
			}
			if valid, _, err := cel.ValidFieldPath(rule.FieldPath, structural); err == nil {
				rule.at = valid.String()
			}
		}
	})
}

var compilerError = regexp.MustCompile(`ERROR: <input>:(\d+):(\d+): ([^\n]*)`)

// explain makes one sentence of what is wrong with a part of a rule.
func explain(what string, err *field.Error) string {
	if what == "rule" {
		what = "CEL rule"
	}
	if m := compilerError.FindStringSubmatch(err.Detail); m != nil {
		return "the " + what + " does not compile: " + m[3] + " (at " + m[1] + ":" + m[2] + " in it)"
	}
	return "the " + what + " is refused: " + strings.Join(strings.Fields(strings.ReplaceAll(err.Detail, schemaPath+".", "")), " ")
}
