package markers

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/gengo/v2/codetags"
)

// A tagForm is the syntax of a marker in validation-gen's format: arguments in parentheses, and a value, which may be another marker.
type tagForm struct {
	// arguments lists the names of the allowed arguments. "" is a required argument without a name, "*" allows any name.
	arguments []string
	value     codetags.ValueType
}

// tagForms contains the markers of validation-gen that no marker of controller-tools can express. They become part of the schema of a type.
var tagForms = map[string]tagForm{
	"k8s:dependentForbidden": {arguments: []string{""}},
	"k8s:dependentRequired":  {arguments: []string{""}},
	"k8s:eachKey":            {value: codetags.ValueTypeTag},
	"k8s:eachVal":            {value: codetags.ValueTypeTag},
	"k8s:forbidden":          {},
	"k8s:item":               {arguments: []string{"*"}, value: codetags.ValueTypeTag},
	"k8s:maxBytes":           {value: codetags.ValueTypeInt},
	"k8s:monotonic":          {},
	"k8s:neq":                {value: codetags.ValueTypeRaw}, // of any type
	"k8s:subfield":           {arguments: []string{""}, value: codetags.ValueTypeTag},
	"k8s:unionDiscriminator": {arguments: []string{"union"}},
	"k8s:unionMember":        {arguments: []string{"union", "memberName"}},
	"k8s:unique":             {value: codetags.ValueTypeString},
	"k8s:update":             {value: codetags.ValueTypeString},
	"k8s:zeroOrOneOfMember":  {arguments: []string{"union"}},
}

// ParseTag parses a marker in tagForms. For any other marker, the tag is empty.
func ParseTag(text string) (codetags.Tag, error) {
	name, _ := split(text)
	if _, ok := tagForms[name]; !ok {
		return codetags.Tag{}, nil
	}
	tag, err := codetags.Parse(strings.TrimPrefix(text, "+"))
	if err != nil {
		return codetags.Tag{}, fmt.Errorf("marker %s: %w", text, err)
	}
	return tag, checkForm(tag)
}

// checkForm returns an error if a marker, or the marker that is its value, has invalid syntax.
func checkForm(tag codetags.Tag) error {
	form, ok := tagForms[tag.Name]
	if !ok {
		return nil // controller-tools parses it
	}
	if err := form.checkArguments(tag); err != nil {
		return err
	}
	switch {
	case form.value == tag.ValueType:
	case form.value == codetags.ValueTypeRaw && tag.ValueType != codetags.ValueTypeNone && tag.ValueTag == nil:
	case form.value == codetags.ValueTypeNone:
		return fmt.Errorf("+%s has no value", tag.Name)
	case form.value == codetags.ValueTypeTag:
		return fmt.Errorf("the value of +%s is another marker, such as +%[1]s=+k8s:maxLength=5", tag.Name)
	case form.value == codetags.ValueTypeInt:
		return fmt.Errorf("+%s=%s: the value is a number", tag.Name, tag.Value)
	default:
		return fmt.Errorf("+%s needs a value", tag.Name)
	}
	if n, err := strconv.ParseInt(tag.Value, 0, 64); form.value == codetags.ValueTypeInt && (err != nil || n < 0) {
		return fmt.Errorf("+%s=%s: the value must be at least 0", tag.Name, tag.Value)
	}
	if tag.ValueTag != nil {
		return checkForm(*tag.ValueTag)
	}
	return nil
}

// checkArguments returns an error if the arguments of a marker are invalid.
func (f tagForm) checkArguments(tag codetags.Tag) error {
	anyName, noName := slices.Contains(f.arguments, "*"), slices.Contains(f.arguments, "")
	for _, arg := range tag.Args {
		if !slices.Contains(f.arguments, arg.Name) && (!anyName || arg.Name == "") {
			return fmt.Errorf("+%s: there is no argument %q", tag.Name, cmp.Or(arg.Name, arg.Value))
		}
	}
	switch {
	case noName && len(tag.Args) != 1:
		return fmt.Errorf("+%s needs the name of a field in JSON, as in +%[1]s(name)", tag.Name)
	case anyName && len(tag.Args) == 0:
		return fmt.Errorf("+%s needs the keys of the item, as in +%[1]s(name: \"value\")", tag.Name)
	}
	return nil
}
