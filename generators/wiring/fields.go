package wiring

import (
	"fmt"
	"go/token"
	"regexp"
	"slices"
	"strings"

	"k8s.io/gengo/v2/types"
	crdmarkers "sigs.k8s.io/controller-tools/pkg/crd/markers"
)

// A SelectableField is a field of a kind that a selector may name.
type SelectableField struct {
	// Path is what a selector calls it: spec.color.
	Path string
	// Value is the Go expression of its text on the object "in", and Guard the condition that it is there, if it may not be.
	Value, Guard string
}

// A selectableMarker is +kubebuilder:selectablefield.
type selectableMarker struct {
	crdmarkers.SelectableField
	pos token.Position
}

// Selectable says whether a selector may name fields of the kind, beside name and namespace, in any version.
func (k *Kind) Selectable() bool {
	return slices.ContainsFunc(k.Versions, func(v *KindVersion) bool { return len(v.Fields) > 0 })
}

// Selectable are the kinds of which a selector may name fields.
func (s *Server) Selectable() []*Kind {
	return slices.DeleteFunc(slices.Clone(s.Kinds), func(k *Kind) bool { return !k.Selectable() })
}

// FieldsImport says whether the text of a selectable field takes a package.
func (k *Kind) FieldsImport(pkg string) bool {
	return slices.ContainsFunc(k.Versions, func(v *KindVersion) bool {
		return slices.ContainsFunc(v.Fields, func(f SelectableField) bool { return strings.HasPrefix(f.Value, pkg+".") })
	})
}

// FieldPaths are the names of the selectable fields as Go strings, separated by commas.
func (v *KindVersion) FieldPaths() string {
	var paths []string
	for _, f := range v.Fields {
		paths = append(paths, f.Path)
	}
	return quoteAll(paths)
}

// selectable compiles the selectable fields of a kind in one version.
func (r *reader) selectable(v *KindVersion, t *types.Type, markers []selectableMarker) {
	for _, m := range markers {
		field, err := newSelectableField(t, m.JSONPath)
		if err == nil && slices.ContainsFunc(v.Fields, func(f SelectableField) bool { return f.Path == field.Path }) {
			err = fmt.Errorf("%s is there twice", m.JSONPath)
		}
		if err != nil {
			r.problem(m.pos, "selectable field: %v", err)
			continue
		}
		v.Fields = append(v.Fields, field)
	}
}

var fieldPath = regexp.MustCompile(`^(\.[A-Za-z_][A-Za-z0-9_-]*)+$`)

// newSelectableField compiles the path of a +kubebuilder:selectablefield marker on the type root to Go.
func newSelectableField(root *types.Type, path string) (SelectableField, error) {
	field := SelectableField{Path: strings.TrimPrefix(path, ".")}
	switch {
	case !fieldPath.MatchString(path):
		return field, fmt.Errorf("%q is no path of field names such as .spec.color", path)
	case strings.HasPrefix(path, ".metadata."):
		return field, fmt.Errorf("%s is metadata, of which a selector may name metadata.name and metadata.namespace, and no more", path)
	}
	reached, err := follow(root, path)
	if err != nil {
		return field, err
	}
	switch u := underlying(reached.goType); {
	case u == types.String && u == reached.goType:
		field.Value = reached.expr
	case u == types.String:
		field.Value = "string(" + reached.expr + ")"
	case u == types.Bool && u == reached.goType:
		field.Value = "strconv.FormatBool(" + reached.expr + ")"
	case u == types.Bool:
		field.Value = "strconv.FormatBool(bool(" + reached.expr + "))"
	case u == types.Int64 && u == reached.goType:
		field.Value = "strconv.FormatInt(" + reached.expr + ", 10)"
	case integers[u]:
		field.Value = "strconv.FormatInt(int64(" + reached.expr + "), 10)"
	default:
		return field, fmt.Errorf("%s is a Go %s: only a string, a boolean or an integer can be selected by", path, reached.goType.Name.Name)
	}
	if len(reached.pointers) > 0 {
		field.Guard = strings.Join(reached.pointers, " != nil && ") + " != nil"
	}
	return field, nil
}

// A reached field is how to get to it from the object "in".
type reached struct {
	// expr is the Go expression of its value, and goType its type, without a pointer.
	expr   string
	goType *types.Type
	// pointers are the expressions on the way that may be nil, the field itself included.
	pointers []string
}

// follow follows a path of names in JSON, such as .spec.color.
func follow(root *types.Type, path string) (reached, error) {
	out := reached{expr: "in", goType: root}
	for _, name := range strings.Split(strings.TrimPrefix(path, "."), ".") {
		members := jsonPath(underlying(out.goType), name)
		if len(members) == 0 {
			return out, fmt.Errorf("%s names no field: %s has no field %q in JSON", path, out.goType.Name.Name, name)
		}
		for _, member := range members {
			out.expr, out.goType = strings.TrimPrefix(out.expr, "*")+"."+member.Name, member.Type
			if out.goType.Kind == types.Pointer {
				out.pointers = append(out.pointers, out.expr)
				out.expr, out.goType = "*"+out.expr, out.goType.Elem
			}
		}
	}
	return out, nil
}
