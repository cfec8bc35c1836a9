package validation

import (
	"regexp"
	"slices"
	"strings"

	"github.com/apiserver-builder/builder/generators/internal/apis"
)

var schemaStep = regexp.MustCompile(`^\.(?:properties\[([^\]]*)\]|items|additionalProperties)`)

// placeOf returns the innermost field of the project on a path in the schema of a kind, and the beginning of the marker on this field that
// applies to the rest of the path.
func (o *object) placeOf(path string, packages *apis.Model) (at place, marker string) {
	at = place{owner: o.typ.Name}
	v := &value{object: o}
	for {
		step := schemaStep.FindStringSubmatch(path)
		if step == nil || v == nil {
			break
		}
		path = path[len(step[0]):]
		if step[1] == "" {
			v = v.items
			continue
		}
		if v.object == nil || v.object.property(step[1]) == nil {
			break
		}
		p := v.object.property(step[1])
		if owner := v.object.owner(step[1]).typ.Name; packages.Position(owner, p.goName).Line > 0 {
			at = place{owner, p.goName}
		}
		v = p.value
	}
	if strings.HasPrefix(path, ".default") {
		marker = "+kubebuilder:default="
		for _, m := range packages.Markers(at.owner, at.field) {
			if strings.HasPrefix(m.Text, "+default=") {
				marker = "+default="
			}
		}
	}
	return at, marker
}

// owner returns the struct that declares the field with a name in JSON: the struct itself, or an inlined one.
func (o *object) owner(name string) *object {
	if slices.ContainsFunc(o.fields, func(p *property) bool { return p.name == name }) {
		return o
	}
	for _, p := range o.fields {
		if p.name == "" && p.value.object != nil && p.value.object.property(name) != nil {
			return p.value.object.owner(name)
		}
	}
	return o
}
