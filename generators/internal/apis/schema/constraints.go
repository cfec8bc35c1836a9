package schema

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/gengo/v2/codetags"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-tools/pkg/crd"
	upstream "sigs.k8s.io/controller-tools/pkg/markers"

	"github.com/apiserver-builder/builder/generators/internal/markers"
)

// constrain adds the constraint of a marker on a value to the value's schema.
func (d *declaration) constrain(tag codetags.Tag, schema *apiextensionsv1.JSONSchemaProps) error {
	switch tag.Name {
	case "k8s:eachVal":
		values, err := valuesOf(schema)
		if err != nil {
			return err
		}
		return d.constrain(*tag.ValueTag, values)
	case "k8s:eachKey":
		return eachKey(schema, tag)
	case "k8s:item":
		return item(schema, tag)
	case "k8s:subfield":
		return d.subfield(schema, tag)
	case "k8s:unique":
		return unique(schema, tag)
	case "k8s:monotonic":
		if schema.Type != "integer" {
			return wrongType(tag, "an integer", schema)
		}
		addRule(schema, "self >= oldSelf", "must not decrease")
		return nil
	case "k8s:maxBytes":
		if schema.Type != "string" {
			return wrongType(tag, "a string", schema)
		}
		if most, _ := strconv.ParseInt(tag.Value, 0, 64); schema.MaxLength == nil || *schema.MaxLength > most {
			schema.MaxLength = &most // n characters have at least n bytes
		}
		return valueRule(schema, tag)
	case "k8s:neq":
		if !strings.HasPrefix(schema.Type, string(tag.ValueType)) { // bool matches boolean, int matches integer
			return fmt.Errorf("+%s=%s: no value of type %q is equal to that", tag.Name, tag.Value, schema.Type)
		}
		return valueRule(schema, tag)
	}
	return d.constrainAsUpstream(tag, schema)
}

// valueRule adds a rule about the value itself.
func valueRule(schema *apiextensionsv1.JSONSchemaProps, tag codetags.Tag) error {
	rule, message, err := expression(tag, "self")
	if err != nil {
		return err
	}
	addRule(schema, rule, message)
	return nil
}

// nestable lists the markers that can be the value of another marker.
var nestable = []string{
	"k8s:minLength", "k8s:maxLength", "k8s:minItems", "k8s:maxItems", "k8s:minProperties", "k8s:maxProperties", "k8s:minimum", "k8s:maximum", "k8s:format",
}

// constrainAsUpstream applies a marker that controller-tools supports, in a position that controller-tools does not read.
func (d *declaration) constrainAsUpstream(tag codetags.Tag, schema *apiextensionsv1.JSONSchemaProps) error {
	if !slices.Contains(nestable, tag.Name) {
		return notNestable(tag)
	}
	text := "+" + tag.String()
	value, err := d.schemas.parser.Collector.Registry.Lookup(text, upstream.DescribesField).Parse(text)
	if err != nil {
		return fmt.Errorf("marker %s: %s", text, markers.Reason(err))
	}
	return value.(crd.SchemaMarker).ApplyToSchema(nil, schema)
}

func notNestable(tag codetags.Tag) error {
	return fmt.Errorf("+%s can't be the value of another marker here: write +kubebuilder:validation:XValidation", tag.Name)
}

func wrongType(tag codetags.Tag, want string, schema *apiextensionsv1.JSONSchemaProps) error {
	return fmt.Errorf("+%s is for %s, not for a value of type %q", tag.Name, want, schema.Type)
}

func addRule(schema *apiextensionsv1.JSONSchemaProps, rule, message string) {
	schema.XValidations = append(schema.XValidations, apiextensionsv1.ValidationRule{Rule: rule, Message: message})
}

// valuesOf returns the schema of the elements of a list, or of the values of a map.
func valuesOf(schema *apiextensionsv1.JSONSchemaProps) (*apiextensionsv1.JSONSchemaProps, error) {
	switch {
	case schema.Items != nil && schema.Items.Schema != nil:
		return schema.Items.Schema, nil
	case schema.AdditionalProperties != nil && schema.AdditionalProperties.Schema != nil:
		return schema.AdditionalProperties.Schema, nil
	}
	return nil, fmt.Errorf("+k8s:eachVal is for lists and maps that are written out where it stands: write it above the named type")
}

// unique requires the elements of a list to be unique, independently of how server-side apply merges the list.
func unique(schema *apiextensionsv1.JSONSchemaProps, tag codetags.Tag) error {
	if schema.Type != "array" {
		return wrongType(tag, "a list", schema)
	}
	if tag.Value != "set" {
		return fmt.Errorf("+k8s:unique can only be +k8s:unique=set here: write +listType=map, or +kubebuilder:validation:XValidation with a rule on the list")
	}
	schema.UniqueItems = true
	return nil
}

// eachKey adds a rule about all keys of a map.
func eachKey(schema *apiextensionsv1.JSONSchemaProps, tag codetags.Tag) error {
	if schema.AdditionalProperties == nil {
		return wrongType(tag, "a map", schema)
	}
	rule, message, err := expression(*tag.ValueTag, "key")
	if err != nil {
		return err
	}
	addRule(schema, "self.all(key, "+rule+")", "each key "+message)
	return nil
}

// subfield adds a rule about a field of a struct to a value that has the struct's type.
func (d *declaration) subfield(schema *apiextensionsv1.JSONSchemaProps, tag codetags.Tag) error {
	if schema.Ref == nil && schema.Type != "object" {
		return wrongType(tag, "a struct", schema)
	}
	name := tag.Args[0].Value
	if fields, complete := d.fieldsOf(schema); complete && !fields[name] {
		return fmt.Errorf("+%s(%s) names no field of %s in JSON", tag.Name, name, cmp.Or(d.schemas.Resolve(d.owner(), ptr.Deref(schema.Ref, "")).Name, d.ident.Name))
	}
	self := member("self", name)
	rule := apiextensionsv1.ValidationRule{FieldPath: fieldPath(name)}
	reason := apiextensionsv1.FieldValueInvalid
	switch tag.ValueTag.Name {
	case "k8s:required":
		reason = apiextensionsv1.FieldValueRequired
		rule.Rule, rule.Message = "has("+self+")", "must be set"
	case "k8s:forbidden":
		reason = apiextensionsv1.FieldValueForbidden
		rule.Rule, rule.Message = "!has("+self+")", "may not be set"
	default:
		expr, message, err := expression(*tag.ValueTag, self)
		if err != nil {
			return err
		}
		rule.Rule, rule.Message = "!has("+self+") || "+expr, message
	}
	rule.Reason = &reason
	schema.XValidations = append(schema.XValidations, rule)
	return nil
}

// fieldsOf returns the JSON names of a struct's fields, and whether the list is complete.
func (d *declaration) fieldsOf(schema *apiextensionsv1.JSONSchemaProps) (names map[string]bool, complete bool) {
	of := *schema
	if schema.Ref != nil {
		of = ptr.Deref(d.schemas.Type(d.schemas.Resolve(d.owner(), *schema.Ref)), apiextensionsv1.JSONSchemaProps{})
	}
	names = map[string]bool{}
	for name := range of.Properties {
		names[name] = true
	}
	return names, of.Ref == nil && len(of.AllOf) == 0
}

// item adds a rule about the list element that has the given keys.
func item(schema *apiextensionsv1.JSONSchemaProps, tag codetags.Tag) error {
	if schema.Type != "array" {
		return wrongType(tag, "a list", schema)
	}
	if tag.ValueTag.Name != "k8s:subfield" {
		return notNestable(*tag.ValueTag)
	}
	inner := tag.ValueTag
	self := member("item", inner.Args[0].Value)
	rule, message, err := expression(*inner.ValueTag, self)
	if err != nil {
		return err
	}
	addRule(schema, fmt.Sprintf("self.all(item, !(%s) || !has(%s) || %s)", selects(tag), self, rule),
		fmt.Sprintf("%s of the item where %s %s", inner.Args[0].Value, selects(tag), message))
	return nil
}
