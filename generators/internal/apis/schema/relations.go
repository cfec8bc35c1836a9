package schema

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/gengo/v2/codetags"
	crdmarkers "sigs.k8s.io/controller-tools/pkg/crd/markers"

	"github.com/apiserver-builder/builder/generators/internal/markers"
)

// relations contains the markers on fields that become rules of the surrounding struct, because they depend on other fields, or on whether
// the field is set now or was set before an update.
var relations = map[string]func(*declaration, markedField, codetags.Tag) error{
	"k8s:forbidden":          (*declaration).forbidden,
	"k8s:dependentRequired":  (*declaration).dependent,
	"k8s:dependentForbidden": (*declaration).dependent,
	"k8s:update":             (*declaration).update,
	"k8s:unionMember":        (*declaration).union,
	"k8s:zeroOrOneOfMember":  (*declaration).union,
	"k8s:unionDiscriminator": (*declaration).union,
}

func (d *declaration) forbidden(f markedField, tag codetags.Tag) error {
	d.rule(f, apiextensionsv1.FieldValueForbidden, "may not be set", "!has("+member("self", f.json)+")")
	return d.optional(f, tag)
}

// dependent adds the rule for a field that requires or excludes another field.
func (d *declaration) dependent(f markedField, tag codetags.Tag) error {
	other := markedField{json: tag.Args[0].Value}
	if _, ok := d.schema.Properties[other.json]; !ok || other.json == f.json {
		return fmt.Errorf("+%s(%s) names no other field of %s in JSON", tag.Name, other.json, d.ident.Name)
	}
	has, otherHas := "has("+member("self", f.json)+")", "has("+member("self", other.json)+")"
	if tag.Name == "k8s:dependentForbidden" {
		d.rule(other, apiextensionsv1.FieldValueForbidden, "may not be set when "+f.json+" is set", "!"+has+" || !"+otherHas)
	} else {
		d.rule(other, apiextensionsv1.FieldValueRequired, "must be set when "+f.json+" is set", "!"+has+" || "+otherHas)
	}
	return d.optional(f, tag)
}

// update adds the rule for a field that restricts updates.
func (d *declaration) update(f markedField, tag codetags.Tag) error {
	self, old := member("self", f.json), member("oldSelf", f.json)
	property := d.schema.Properties[f.json]
	list, isMap := property.Type == "array", property.AdditionalProperties != nil
	invalid, forbidden := apiextensionsv1.FieldValueInvalid, apiextensionsv1.FieldValueForbidden
	switch {
	case tag.Value == "NoSet":
		d.rule(f, invalid, "field cannot be set once created", fmt.Sprintf("has(%s) || !has(%s)", old, self))
	case tag.Value == "NoUnset":
		d.rule(f, invalid, "field cannot be cleared once set", fmt.Sprintf("has(%s) || !has(%s)", self, old))
	case tag.Value == "NoModify" && !list && !isMap:
		d.rule(f, invalid, "field cannot be modified once set", fmt.Sprintf("!has(%s) || !has(%s) || %[1]s == %[2]s", self, old))
		return nil // not possible for a field that is always set
	case tag.Value == "NoAddItem" && (list || isMap):
		d.rule(f, forbidden, "item may not be added", fmt.Sprintf("!has(%s) || %[1]s.all(item, has(%s) && %s)", self, old, contains(property, old)))
	case tag.Value == "NoRemoveItem" && (list || isMap):
		d.rule(f, forbidden, "item may not be removed", fmt.Sprintf("!has(%s) || %[1]s.all(item, has(%s) && %s)", old, self, contains(property, self)))
	case slices.Contains([]string{"NoModify", "NoAddItem", "NoRemoveItem"}, tag.Value):
		return fmt.Errorf("+k8s:update=%s does not fit the type of %s: NoModify is for all but lists and maps, NoAddItem and NoRemoveItem are for these", tag.Value, f.json)
	default:
		return fmt.Errorf("+k8s:update=%s is none of NoSet, NoUnset, NoModify, NoAddItem, NoRemoveItem", tag.Value)
	}
	return d.optional(f, tag)
}

// contains returns a CEL condition: an item is in a list, or a key is in a map.
func contains(property apiextensionsv1.JSONSchemaProps, values string) string {
	if len(property.XListMapKeys) == 0 {
		return "item in " + values
	}
	var same []string
	for _, key := range property.XListMapKeys {
		same = append(same, member("other", key)+" == "+member("item", key))
	}
	return values + ".exists(other, " + strings.Join(same, " && ") + ")"
}

// A union is a set of fields with an optional discriminator field. At most or exactly one of the fields may be set.
type union struct {
	name          string
	exactly       bool
	members       []markedField
	values        []string // of the discriminator
	discriminator string
	marker        markers.Marker // the first one
}

// union records that a field is part of a union.
func (d *declaration) union(f markedField, tag codetags.Tag) error {
	name, _ := tag.NamedArg("union")
	exactly := tag.Name != "k8s:zeroOrOneOfMember"
	i := slices.IndexFunc(d.unions, func(u *union) bool { return u.name == name.Value && u.exactly == exactly })
	if i < 0 {
		i, d.unions = len(d.unions), append(d.unions, &union{name: name.Value, exactly: exactly, marker: d.current})
	}
	u := d.unions[i]
	if tag.Name == "k8s:unionDiscriminator" {
		if kind := d.schema.Properties[f.json].Type; kind != "string" {
			return fmt.Errorf("+%s is for a string, not for a value of type %q", tag.Name, kind)
		}
		u.discriminator = f.json
		return nil
	}
	value := f.name
	if arg, ok := tag.NamedArg("memberName"); ok {
		value = arg.Value
	}
	u.members, u.values = append(u.members, f), append(u.values, value)
	return d.optional(f, tag)
}

// oneOf adds the rules of all unions.
func (d *declaration) oneOf() {
	for _, u := range d.unions {
		d.apply(u.marker, "", d.schema, func() error { return u.rules(d) })
	}
}

func (u *union) rules(d *declaration) error {
	var names []string
	for i, m := range u.members {
		names = append(names, m.json)
		if u.discriminator != "" {
			self, says := member("self", m.json), member("self", u.discriminator)
			value := strconv.Quote(u.values[i])
			d.rule(m, apiextensionsv1.FieldValueInvalid, "must be set if, and only if, "+u.discriminator+" is "+value,
				fmt.Sprintf("has(%s) == (has(%s) && %[2]s == %s)", self, says, value))
		}
	}
	switch {
	case u.discriminator != "":
		return nil
	case u.exactly:
		return crdmarkers.ExactlyOneOf(names).ApplyToSchema(nil, d.schema)
	}
	return crdmarkers.AtMostOneOf(names).ApplyToSchema(nil, d.schema)
}
