package checks

import (
	"fmt"
	gotypes "go/types"
	"maps"
	"slices"
	"strings"

	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/internal/apis"
	"github.com/apiserver-builder/builder/generators/internal/markers"
)

// fieldTag returns the error of a field's json tag, or "".
func (c *checker) fieldTag(field *gotypes.Var, tags string) string {
	tag := apis.ParseTag(tags)
	switch {
	case tag.Ignored:
		return ""
	case !field.Exported() && !field.Embedded():
		return "it is not exported, so it is not in JSON, and its value is lost when an object is stored: begin its name with a capital letter, or take it out"
	case tag.AsString:
		return `the option "string" of its json tag makes it a string in JSON, which its schema doesn't know: take the option out, or use a string`
	case field.Embedded():
		return embeddedTag(field, tag)
	case tag.Inline:
		return `the option "inline" of its json tag is for embedded structs, and this field has a name: take the option out`
	case tag.Written == "":
		return fmt.Sprintf("it has no name in JSON: give it a tag such as `json:\"%s,omitempty\"`", lowerFirst(field.Name()))
	}
	return badJSONName(tag.Written)
}

// patchTags returns an error if the tags of a field for strategic merge patches and its markers differ, or "". openapi-gen needs both.
func (c *checker) patchTags(owner types.Name, field, tags string) string {
	patch := apis.PatchTags(tags)
	for _, name := range slices.Sorted(maps.Keys(patch)) {
		value := patch[name]
		if !slices.ContainsFunc(c.Markers(owner, field), func(m markers.Marker) bool { return m.Text == "+"+name+"="+value }) {
			return fmt.Sprintf("its tag %s:%q needs the same marker: write // +%[1]s=%s above it, or take the tag out", name, value, value)
		}
	}
	for _, m := range c.Markers(owner, field) {
		name, value, _ := strings.Cut(strings.TrimPrefix(m.Text, "+"), "=")
		if slices.Contains(apis.PatchTagNames, name) && patch[name] != value {
			return fmt.Sprintf("its marker +%s=%s needs the same tag: write %[1]s:%q after its json tag, or take the marker out", name, value, value)
		}
	}
	return ""
}

// embeddedTag returns the error of the tag of an embedded field, or "".
func embeddedTag(field *gotypes.Var, tag apis.Tag) string {
	t := gotypes.Unalias(field.Type())
	if pointer, ok := t.(*gotypes.Pointer); ok {
		t = gotypes.Unalias(pointer.Elem())
	}
	_, isStruct := t.Underlying().(*gotypes.Struct)
	name, inline := tag.Written, tag.Inline
	switch {
	case !isStruct:
		return "only a struct can be embedded: give the field a name, and a json tag with one"
	case inline && name != "":
		return fmt.Sprintf(`its json tag has both the name %q and the option "inline", which exclude each other: take one of the two out`, name)
	case tag == apis.Tag{Tagged: true}: // `json:""`, which Kubernetes' generators treat as inline
	case name == "" && !inline:
		return "its fields are inlined in JSON, and its tag must contain inline: write `json:\",inline\"`"
	case name != "":
		return badJSONName(name)
	}
	return ""
}

// badJSONName returns the reason why a field cannot have a name in JSON, or "".
func badJSONName(name string) string {
	if name == "-" {
		return `its name in JSON is "-", which Kubernetes' generators take for a field without a name: choose another name, or leave the field out of JSON with json:"-", without the comma`
	}
	for _, r := range name {
		if r > 0x7e || r < 0x21 || strings.ContainsRune("\"\\',`", r) {
			return fmt.Sprintf("the name %q in its json tag has the character %q, which not every client takes: use letters, digits, - and _", name, r)
		}
	}
	return ""
}

func lowerFirst(name string) string {
	runes := []rune(name)
	return strings.ToLower(string(runes[:1])) + string(runes[1:])
}
