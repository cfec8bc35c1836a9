package openapi

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// A field is a field in a literal of spec.SchemaProps.
type field struct{ key, value string }

// schemaProps returns the constraints of a schema as fields of spec.SchemaProps, in the order of that type.
func schemaProps(s *apiextensionsv1.JSONSchemaProps) []field {
	var out []field
	add := func(key, value string) {
		if value != "" {
			out = append(out, field{key, value})
		}
	}
	add("Nullable", trueIfSet(s.Nullable))
	add("Format", quoted(s.Format))
	add("Title", quoted(s.Title))
	add("Maximum", pointer("float64", s.Maximum))
	add("ExclusiveMaximum", trueIfSet(s.ExclusiveMaximum))
	add("Minimum", pointer("float64", s.Minimum))
	add("ExclusiveMinimum", trueIfSet(s.ExclusiveMinimum))
	add("MaxLength", pointer("int64", s.MaxLength))
	add("MinLength", pointer("int64", s.MinLength))
	add("Pattern", quoted(s.Pattern))
	add("MaxItems", pointer("int64", s.MaxItems))
	add("MinItems", pointer("int64", s.MinItems))
	add("UniqueItems", trueIfSet(s.UniqueItems))
	add("MultipleOf", pointer("float64", s.MultipleOf))
	if len(s.Enum) > 0 {
		values := make([]string, len(s.Enum))
		for i, value := range s.Enum {
			values[i] = literalOf(value)
		}
		add("Enum", "[]interface{}{"+strings.Join(values, ", ")+"}")
	}
	add("MaxProperties", pointer("int64", s.MaxProperties))
	add("MinProperties", pointer("int64", s.MinProperties))
	return out
}

// extensions returns the elements of a literal of spec.Extensions, for constraints that OpenAPI does not define.
func extensions(s *apiextensionsv1.JSONSchemaProps) string {
	var b strings.Builder
	if s.XPreserveUnknownFields != nil && *s.XPreserveUnknownFields {
		b.WriteString("\"x-kubernetes-preserve-unknown-fields\": true,\n")
	}
	if len(s.XValidations) == 0 {
		return b.String()
	}
	b.WriteString("\"x-kubernetes-validations\": []interface{}{\n")
	for _, rule := range s.XValidations {
		b.WriteString("map[string]interface{}{\n")
		for _, f := range ruleFields(rule) {
			fmt.Fprintf(&b, "%q: %s,\n", f.key, f.value)
		}
		b.WriteString("},\n")
	}
	b.WriteString("},\n")
	return b.String()
}

func ruleFields(rule apiextensionsv1.ValidationRule) []field {
	fields := []field{
		{"rule", quoted(rule.Rule)},
		{"message", quoted(rule.Message)},
		{"messageExpression", quoted(rule.MessageExpression)},
		{"fieldPath", quoted(rule.FieldPath)},
	}
	if rule.Reason != nil {
		fields = append(fields, field{"reason", quoted(string(*rule.Reason))})
	}
	if rule.OptionalOldSelf != nil {
		fields = append(fields, field{"optionalOldSelf", strconv.FormatBool(*rule.OptionalOldSelf)})
	}
	return slices.DeleteFunc(fields, func(f field) bool { return f.value == "" })
}

// swaggerProps returns the fields of a literal of spec.SwaggerSchemaProps.
func swaggerProps(s *apiextensionsv1.JSONSchemaProps) string {
	var b strings.Builder
	if s.ExternalDocs != nil {
		fmt.Fprintf(&b, "ExternalDocs: &spec.ExternalDocumentation{Description: %q, URL: %q},\n", s.ExternalDocs.Description, s.ExternalDocs.URL)
	}
	if s.Example != nil {
		fmt.Fprintf(&b, "Example: %s,\n", literalOf(*s.Example))
	}
	return b.String()
}

func trueIfSet(set bool) string {
	if set {
		return "true"
	}
	return ""
}

func quoted(text string) string {
	if text == "" {
		return ""
	}
	return strconv.Quote(text)
}

func pointer[T int64 | float64](goType string, value *T) string {
	if value == nil {
		return ""
	}
	return fmt.Sprintf("new(%s(%s))", goType, strconv.FormatFloat(float64(*value), 'f', -1, 64))
}

// literalOf returns JSON as a Go expression.
func literalOf(value apiextensionsv1.JSON) string {
	var decoded any
	if err := json.Unmarshal(value.Raw, &decoded); err != nil { // controller-tools has encoded it
		return strconv.Quote(string(value.Raw))
	}
	return fmt.Sprintf("%#v", decoded)
}
