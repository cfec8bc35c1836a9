package apis

import (
	"go/token"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"k8s.io/gengo/v2/types"
)

// A Tag is the parsed json tag of a field, as encoding/json reads it.
type Tag struct {
	// Tagged means that the field has a json tag.
	Tagged bool
	// Name is the field's name in the tag, or "". Written is the text in its place, even if it is not a valid name.
	Name, Written string
	// Ignored means that JSON does not contain the field: its tag is "-", or it is not exported.
	Ignored bool
	// OmitEmpty, OmitZero and AsString are options of the tag. Inline is an option of Kubernetes, which encoding/json ignores.
	OmitEmpty, OmitZero, AsString, Inline bool
}

// ParseTag parses the json tag among a field's tags.
func ParseTag(tags string) Tag {
	text, tagged := reflect.StructTag(tags).Lookup("json")
	name, rest, _ := strings.Cut(text, ",")
	options := strings.Split(rest, ",")
	tag := Tag{
		Tagged: tagged, Written: name, Ignored: text == "-",
		OmitEmpty: slices.Contains(options, "omitempty"), OmitZero: slices.Contains(options, "omitzero"),
		AsString: slices.Contains(options, "string"), Inline: slices.Contains(options, "inline"),
	}
	if !tag.Ignored && validName(name) {
		tag.Name = name
	}
	return tag
}

// TagOf parses the json tag of a field.
func TagOf(m types.Member) Tag {
	tag := ParseTag(m.Tags)
	tag.Ignored = tag.Ignored || !IsExported(m) && (!m.Embedded || embeddedStruct(m.Type) == nil)
	return tag
}

// PatchTagNames lists the tags for strategic merge patches, which have the names of markers.
var PatchTagNames = []string{"patchStrategy", "patchMergeKey"}

// PatchTags returns the strategic merge patch tags among a field's tags, by name.
func PatchTags(tags string) map[string]string {
	patch := map[string]string{}
	for _, name := range PatchTagNames {
		if value, ok := reflect.StructTag(tags).Lookup(name); ok {
			patch[name] = value
		}
	}
	return patch
}

// validName reports whether encoding/json accepts a name in a tag.
func validName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r)
	})
}

// IsExported reports whether a field is exported.
func IsExported(m types.Member) bool {
	return token.IsExported(m.Name)
}

// embeddedStruct returns the struct that the type of an embedded field is or points to, or nil.
func embeddedStruct(t *types.Type) *types.Type {
	t = Unalias(t)
	if t.Kind == types.Pointer {
		t = Unalias(t.Elem)
	}
	if t.Kind != types.Struct {
		return nil
	}
	return t
}

// JSONName returns a field's name in JSON, or "" if the field is inlined or ignored.
func JSONName(m types.Member) string {
	tag := TagOf(m)
	switch {
	case tag.Ignored || Inlined(m):
		return ""
	case tag.Name != "":
		return tag.Name
	}
	return m.Name
}

// Inlined reports whether JSON contains the fields of an embedded struct in place of the field itself, because its tag has no name.
func Inlined(m types.Member) bool {
	tag := TagOf(m)
	return !tag.Ignored && m.Embedded && tag.Name == "" && embeddedStruct(m.Type) != nil
}

// A Field is a field of a struct's JSON object. An inlined struct may declare it.
type Field struct {
	types.Member
	// JSON is the field's name in JSON.
	JSON string
	// Path lists the inlined fields that lead to the field, outermost first.
	Path []types.Member
}

// JSONFields returns the fields of a struct's JSON object, in the order of declaration; inlined fields take the place of the field that
// embeds them. If several fields have the same name, encoding/json uses the least deeply inlined one, and among those the only one whose
// name comes from a tag. Otherwise it uses none, and ambiguous contains the name.
func JSONFields(t *types.Type) (fields []Field, ambiguous []string) {
	var all []Field
	var visit func(t *types.Type, path []types.Member, within []*types.Type)
	visit = func(t *types.Type, path []types.Member, within []*types.Type) {
		if slices.Contains(within, t) { // it embeds itself, through pointers
			return
		}
		for _, m := range t.Members {
			if Inlined(m) {
				visit(embeddedStruct(m.Type), append(slices.Clip(path), m), append(slices.Clip(within), t))
			} else if name := JSONName(m); name != "" {
				all = append(all, Field{m, name, path})
			}
		}
	}
	visit(t, nil, nil)
	byName := map[string][]Field{}
	for _, f := range all {
		byName[f.JSON] = append(byName[f.JSON], f)
	}
	for _, f := range all {
		dominant, ok := dominant(byName[f.JSON])
		switch {
		case !ok && !slices.Contains(ambiguous, f.JSON):
			ambiguous = append(ambiguous, f.JSON)
		case ok && dominant.Name == f.Name && len(dominant.Path) == len(f.Path) && slices.EqualFunc(dominant.Path, f.Path, sameMember):
			fields = append(fields, f)
		}
	}
	return fields, ambiguous
}

func sameMember(a, b types.Member) bool { return a.Name == b.Name }

// dominant returns the field that encoding/json uses among several with the same name, if there is one.
func dominant(same []Field) (Field, bool) {
	least := len(slices.MinFunc(same, func(a, b Field) int { return len(a.Path) - len(b.Path) }).Path)
	shallow := slices.DeleteFunc(slices.Clone(same), func(f Field) bool { return len(f.Path) > least })
	if len(shallow) == 1 {
		return shallow[0], true
	}
	tagged := slices.DeleteFunc(shallow, func(f Field) bool { return TagOf(f.Member).Name == "" })
	if len(tagged) == 1 {
		return tagged[0], true
	}
	return Field{}, false
}

// JSONField returns the field of a struct that has the given name in JSON.
func JSONField(t *types.Type, name string) (Field, bool) {
	fields, _ := JSONFields(t)
	i := slices.IndexFunc(fields, func(f Field) bool { return f.JSON == name })
	if i < 0 {
		return Field{}, false
	}
	return fields[i], true
}

// JSONPath returns the field that has the given name in a struct's JSON object, preceded by the inlined fields that lead to it. It returns
// nil if there is no such field.
func JSONPath(t *types.Type, name string) []types.Member {
	if t.Kind != types.Struct || name == "" {
		return nil
	}
	field, ok := JSONField(t, name)
	if !ok {
		return nil
	}
	return append(slices.Clip(field.Path), field.Member)
}
