package schema

import (
	"fmt"
	"regexp"
	"strings"
)

// misapplied matches controller-tools' error for a marker on a value of the wrong type.
var misapplied = regexp.MustCompile(`^must apply (\S+) to ([^,;]+)(?:, found(?: type)?(.*))?`)

// messages converts other errors of controller-tools. The sentences contain the parts of the error in parentheses.
var messages = []struct {
	error    *regexp.Regexp
	sentence string
}{
	{regexp.MustCompile(`^unsupported AST kind \*ast\.Index(?:List)?Expr$`),
		"it is made from a type with type parameters, which Kubernetes' generators can't handle: declare it without them"},
	{regexp.MustCompile(`^unsupported AST kind \*ast\.(?:Func|Chan)Type$`), "it has no form in JSON: use another type"},
	{regexp.MustCompile(`^unsupported type .* for identifier (.+)$`), "$1 is another name of a type that has no name: declare it without the equals sign"},
	{regexp.MustCompile(`^(?:cannot generate schema for \S+; )?interface type is not supported`),
		"an interface has no schema: use a concrete type, or runtime.RawExtension for any JSON"},
	{regexp.MustCompile(`^encountered struct field "(.*)" without JSON tag in type "(.*)"$`), `field $1 of $2 has no json tag: give it one with a name`},
	{regexp.MustCompile(`^field (.+) is part of OneOf constraint and cannot be marked as required$`),
		"field $1 is one of several that exclude each other, so it can't be required: mark it +optional"},
	{regexp.MustCompile(`^field (.+) is part of OneOf constraint and must have omitempty or omitzero tag$`),
		"field $1 is one of several that exclude each other: add omitempty to its json tag"},
	{regexp.MustCompile(`^(.*: )?cannot reference nested fields: (.+)$`), "${1}$2 is not a field of this struct: use fields of the struct itself"},
	{regexp.MustCompile(`^cannot apply non-integral (\S+) validation \((.*)\) to integer value$`),
		"the $1 $2 is not a whole number, but the type in JSON is integer: use a whole number"},
	{regexp.MustCompile(`^map keys must be strings or implement encoding\.TextMarshaler, not (.+)$`), "the keys of a map must be strings in JSON, not $1: use another type"},
	{regexp.MustCompile(`^no enum values found for type (.+)$`), "an enum needs values: declare constants of type $1"},
	{regexp.MustCompile(`^enum type must be a string, not (.+)$`), "an enum must be a string, not $1: use another type, or list the values with +kubebuilder:validation:Enum"},
}

// plainMessage converts an error of controller-tools into the style of the checks.
func plainMessage(message string) string {
	message = strings.Join(strings.Fields(message), " ")
	for _, m := range messages {
		if match := m.error.FindStringSubmatchIndex(message); match != nil {
			return string(m.error.ExpandString(nil, m.sentence, message, match))
		}
	}
	m := misapplied.FindStringSubmatch(message)
	switch {
	case m == nil:
		return message
	case !strings.Contains(m[0], ", found"):
		return fmt.Sprintf("the marker for %s is for %s: take the marker out", m[1], m[2])
	}
	form := strings.Trim(m[3], `" `)
	if form == "" {
		return fmt.Sprintf("the marker for %s is for %s, and this type has a custom schema: add +kubebuilder:validation:Type if the marker fits, or remove the marker", m[1], m[2])
	}
	return fmt.Sprintf("the marker for %s is for %s, but the type in JSON is %s: take the marker out", m[1], m[2], form)
}
