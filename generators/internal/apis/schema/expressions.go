package schema

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apiserver/pkg/cel"
	"k8s.io/gengo/v2/codetags"

	"github.com/apiserver-builder/builder/generators/internal/markers"
)

var integer = regexp.MustCompile(`^-?[0-9]+$`)

// expression returns the condition of a marker on a value x as a CEL expression, and as an error message.
func expression(tag codetags.Tag, x string) (rule, message string, err error) {
	if limit, ok := limits[tag.Name]; ok {
		if !integer.MatchString(tag.Value) {
			return "", "", fmt.Errorf("+%s: %q is not a number", tag.Name, tag.Value)
		}
		return fmt.Sprintf(limit.rule, x, tag.Value), fmt.Sprintf(limit.message, tag.Value), nil
	}
	switch tag.Name {
	case "k8s:neq":
		switch tag.ValueType {
		case codetags.ValueTypeString:
			return x + " != " + strconv.Quote(tag.Value), content.NEQError(tag.Value), nil
		case codetags.ValueTypeInt, codetags.ValueTypeBool:
			return x + " != " + tag.Value, "must not be equal to " + tag.Value, nil
		}
		return "", "", fmt.Errorf("+k8s:neq needs a value: the one that is not allowed")
	case "k8s:format":
		pattern, longest, err := markers.Format(tag.Value).Form()
		if err != nil {
			return "", "", err
		}
		rule = x + ".matches(" + strconv.Quote(pattern) + ")"
		if longest > 0 {
			rule = fmt.Sprintf("%s && size(%s) <= %d", rule, x, longest)
		}
		return rule, "must be of the format " + tag.Value, nil
	}
	return "", "", notNestable(tag)
}

// limits contains the markers that compare with a number.
var limits = map[string]struct{ rule, message string }{
	"k8s:minLength":     {"size(%s) >= %s", "must have at least %s characters"},
	"k8s:maxLength":     {"size(%s) <= %s", "must have at most %s characters"},
	"k8s:maxBytes":      {"size(bytes(%s)) <= %s", "must have at most %s bytes"},
	"k8s:minItems":      {"size(%s) >= %s", "must have at least %s items"},
	"k8s:maxItems":      {"size(%s) <= %s", "must have at most %s items"},
	"k8s:minProperties": {"size(%s) >= %s", "must have at least %s keys"},
	"k8s:maxProperties": {"size(%s) <= %s", "must have at most %s keys"},
	"k8s:minimum":       {"%s >= %s", "must be greater than or equal to %s"},
	"k8s:maximum":       {"%s <= %s", "must be less than or equal to %s"},
}

// selects returns a CEL condition: an element has the keys in the arguments of a marker.
func selects(tag codetags.Tag) string {
	var out []string
	for _, arg := range tag.Args {
		value := arg.Value
		if arg.Type == codetags.ArgTypeString {
			value = strconv.Quote(value)
		}
		out = append(out, member("item", arg.Name)+" == "+value)
	}
	return strings.Join(out, " && ")
}

// member returns the CEL expression of a field of a value.
func member(of, json string) string {
	if escaped, ok := cel.Escape(json); ok {
		json = escaped
	}
	return of + "." + json
}
