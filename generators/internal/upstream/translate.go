package upstream

import (
	"slices"
	"strings"

	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/internal/apis"
)

// translate adds the markers of Kubernetes' generators that are equivalent to the API types' kubebuilder markers. It adds them to the
// comments of the loaded types, not to the source.
func (u *upstream) translate() {
	for _, api := range u.APIs {
		for _, t := range u.Universe[api.Package].Types {
			if t.Name.Package == api.Package {
				u.translateType(t)
			}
		}
	}
	for name := range u.Own {
		u.translateType(u.Universe.Type(name))
	}
}

func (u *upstream) translateType(t *types.Type) {
	own := u.MarkersOf(t.Name, "")
	t.CommentLines = slices.DeleteFunc(withLines(t.CommentLines, topology(own)), ofUnion)
	if own.First("k8s:enum") != nil {
		t.CommentLines = withLines(t.CommentLines, []string{"+enum"})
	}
	optional := u.OptionalPackage(t.Name.Package)
	for i := range t.Members {
		m := &t.Members[i]
		m.CommentLines = withLines(m.CommentLines, u.translation(t, *m, optional))
		m.CommentLines = slices.DeleteFunc(m.CommentLines, func(line string) bool {
			value, ok := strings.CutPrefix(strings.TrimSpace(line), "+default=")
			return ok && emptyStruct(*m, value) || ofUnion(line)
		})
	}
}

// ofUnion reports whether a line of a comment is a marker of a union. openapi-gen would publish the union, but nothing enforces it.
func ofUnion(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), "+union") }

// withLines appends the lines that are missing. It copies comments, because types share them.
func withLines(comments, lines []string) []string {
	comments = slices.Clone(comments)
	for _, line := range lines {
		if !slices.Contains(comments, line) {
			comments = append(comments, line)
		}
	}
	return comments
}

// translation returns the lines to add to the comments of a field.
func (u *upstream) translation(t *types.Type, m types.Member, optionalPackage bool) []string {
	own := u.MarkersOf(t.Name, m.Name)
	lines := topology(own)
	if named := namedType(m.Type); len(lines) == 0 && named != nil {
		lines = topology(u.MarkersOf(named.Name, ""))
	}
	if _, value := u.DefaultOf(own, m.Type); value != "" && own.First("default") == nil && !emptyStruct(m, value) {
		lines = append(lines, "+default="+value)
	}
	if line := apis.Presence(own, m, optionalPackage); line != "" {
		lines = append(lines, line)
	}
	return lines
}

// emptyStruct reports whether a default is the empty object, for a struct that is not a pointer. Such a struct is always set, and
// defaulter-gen would compare it with nil.
func emptyStruct(m types.Member, value string) bool {
	return apis.Unalias(m.Type).Kind == types.Struct && strings.TrimSpace(value) == "{}"
}

// withoutRefusedDefaults returns the fields of a struct without the defaults that openapi-gen rejects. For structs, and for values that are
// always written, openapi-gen only accepts the zero value as the default. The defaults are added to its output later, from the schemas.
func withoutRefusedDefaults(t *types.Type) []types.Member {
	out := slices.Clone(t.Members)
	for i, m := range out {
		if hasZeroDefault(m.Type, apis.TagOf(m).OmitEmpty) {
			out[i].CommentLines = slices.DeleteFunc(slices.Clone(m.CommentLines), func(line string) bool {
				value, ok := strings.CutPrefix(strings.TrimSpace(line), "+default=")
				return ok && !strings.HasPrefix(value, "ref(")
			})
		}
	}
	return out
}

// hasZeroDefault reports whether openapi-gen uses the zero value of a field's type as its default.
func hasZeroDefault(t *types.Type, omitEmpty bool) bool {
	switch t = apis.Unalias(t); t.Kind {
	case types.Struct:
		return t.Methods["UnmarshalJSON"] == nil
	case types.Builtin:
		return !omitEmpty
	}
	return false
}

// namedType returns the named list or map type of a field, or nil. openapi-gen ignores the markers of such a type.
func namedType(t *types.Type) *types.Type {
	if t.Kind == types.Pointer {
		t = t.Elem
	}
	if t.Kind != types.Alias {
		return nil
	}
	return t
}

// topology returns the markers that define how lists, maps and structs are merged.
func topology(s apis.Set) []string {
	var lines []string
	for _, name := range []string{"listType", "listMapKey", "mapType", "structType"} {
		for _, m := range append(slices.Clone(s[name]), s["k8s:"+name]...) {
			_, value, _ := strings.Cut(m.Text, "=")
			lines = append(lines, "+"+name+"="+strings.Trim(value, "\"`"))
		}
	}
	return lines
}
