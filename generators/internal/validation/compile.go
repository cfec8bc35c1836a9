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
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-tools/pkg/crd"

	"github.com/apiserver-builder/builder/generators/internal/apis"
)

// compile validates a CRD with the kind's schema, as kube-apiserver does when the CRD is created. This compiles each rule, and estimates
// its cost. unbounded means that other rules have no bound: then the total cost does not matter.
func (r *ruleReader) compile(o *object, unbounded bool) {
	name := o.typ.Name
	schema := r.schemas.Kind(name).DeepCopy()
	schema.Properties["metadata"] = apiextensionsv1.JSONSchemaProps{Type: "object"}
	relax(schema)
	internal := &apiextensions.JSONSchemaProps{}
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(schema, internal, nil); err != nil {
		r.problem(place{owner: name}, "", "the schema of %s: %v", name.Name, err)
		return
	}
	r.fieldPaths(internal, "")
	errs := apiextensionsvalidation.ValidateCustomResourceDefinition(context.Background(), definition(internal))
	if unbounded || slices.ContainsFunc(errs, tooCostly) {
		errs = slices.DeleteFunc(errs, func(err *field.Error) bool { return strings.Contains(err.Detail, "entire OpenAPIv3 schema") })
	}
	for _, err := range errs {
		path, rest, ok := strings.Cut(strings.TrimPrefix(err.Field, schemaPath), ".x-kubernetes-validations[")
		switch {
		case !ok && path == "":
			r.problem(place{owner: name}, "", "the CEL rules of %s together are refused: %s", name.Name, err.Detail)
			continue
		case !ok: // then kube-apiserver has not checked the rules
			at, marker := o.placeOf(path, r.packages)
			r.problem(at, marker, "a CRD would refuse this, so that the CEL rules of %s can't be compiled: %s: %s", name.Name, strings.TrimPrefix(path, "."), err.ErrorBody())
			continue
		}
		index, what, _ := strings.Cut(rest, "]")
		i, _ := strconv.Atoi(index)
		if rule := r.find(internal, path, i); rule != nil && !r.follows(rule, err) {
			r.problemAt(rule.pos, "%s", explain(strings.TrimPrefix(what, "."), err))
		}
	}
}

// tooCostly reports whether a single rule exceeds its cost limit.
func tooCostly(err *field.Error) bool {
	return strings.HasPrefix(err.Detail, "estimated rule cost exceeds") || strings.HasPrefix(err.Detail, "estimated messageExpression cost exceeds")
}

// relax removes the parts of a schema that a CRD rejects and that CEL does not use. Other checks report them, and the rules can be compiled
// in the same run.
func relax(schema *apiextensionsv1.JSONSchemaProps) {
	crd.EditSchema(schema, relaxer{})
}

type relaxer struct{}

// Visit implements crd.SchemaVisitor.
func (r relaxer) Visit(schema *apiextensionsv1.JSONSchemaProps) crd.SchemaVisitor {
	if schema == nil {
		return r
	}
	schema.UniqueItems, schema.Default = false, nil
	if schema.Type != "" { // validation panics on the elements of a list that is also x-kubernetes-int-or-string
		schema.XIntOrString = false
	}
	switch {
	case ptr.Deref(schema.XListType, "") != "map":
	case len(schema.XListMapKeys) > 0 && hasKeys(schema): // each key has a default, or is required
		items := schema.Items.Schema
		items.Required = append(slices.Clip(items.Required), schema.XListMapKeys...)
	default:
		schema.XListType, schema.XListMapKeys = nil, nil
	}
	if schema.Type == "" && !schema.XIntOrString {
		schema.XPreserveUnknownFields = new(true)
	}
	return r
}

// hasKeys reports whether the elements of a list have fields for all its keys.
func hasKeys(list *apiextensionsv1.JSONSchemaProps) bool {
	if list.Items == nil || list.Items.Schema == nil {
		return false
	}
	return !slices.ContainsFunc(list.XListMapKeys, func(key string) bool { _, ok := list.Items.Schema.Properties[key]; return !ok })
}

const schemaPath = "spec.validation.openAPIV3Schema"

// definition returns a CRD that is valid if its schema is.
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

// find returns the rule with the given index in the schema at a path.
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

// walk visits a schema and all schemas in it, with their paths.
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

// fieldPaths converts each rule's FieldPath into a suffix of a path.
func (r *ruleReader) fieldPaths(root *apiextensions.JSONSchemaProps, path string) {
	walk(root, path, func(at string, s *apiextensions.JSONSchemaProps) {
		for _, rule := range r.byPath[at] {
			if rule.FieldPath == "" {
				continue
			}
			structural, err := structuralschema.NewStructural(s)
			if err != nil {
				continue // reported with the rule
			}
			if valid, _, err := cel.ValidFieldPath(rule.FieldPath, structural); err == nil {
				rule.at = valid.String()
			}
		}
	})
}

// setOnce matches the rule that +k8s:immutable adds to the struct of an optional field.
var setOnce = regexp.MustCompile(`^!has\(oldSelf\.(\S+)\) \|\| has\(self\.\S+\)$`)

// follows reports whether the error of a rule that +k8s:immutable adds follows from another one: the struct has the field, but its type has no
// schema.
func (r *ruleReader) follows(rule *rule, err *field.Error) bool {
	m := setOnce.FindStringSubmatch(rule.Rule)
	if m == nil || !strings.Contains(err.Detail, "undefined field") || len(rule.within) == 0 {
		return false
	}
	owner := r.packages.Universe.Type(rule.within[len(rule.within)-1])
	return slices.ContainsFunc(owner.Members, func(member types.Member) bool { return apis.TagOf(member).Name == m[1] })
}

// selfType matches the compiler's names of the types in a schema: a number, followed by the path to a nested type.
var selfType = regexp.MustCompile(`selfType[0-9]+[\w.@]*`)

var compilerError = regexp.MustCompile(`ERROR: <input>:(\d+):(\d+): ([^\n]*)`)

// explain formats the error of a part of a rule as one sentence.
func explain(what string, err *field.Error) string {
	if what == "rule" {
		what = "CEL rule"
	}
	if m := compilerError.FindStringSubmatch(err.Detail); m != nil {
		return "the " + what + " does not compile: " + selfType.ReplaceAllString(m[3], "object") + " (at " + m[1] + ":" + m[2] + " in it)"
	}
	return "the " + what + " is refused: " + strings.Join(strings.Fields(strings.ReplaceAll(err.Detail, schemaPath+".", "")), " ")
}
