package server

import (
	"fmt"
	"go/token"
	"regexp"
	"slices"
	"strings"

	"k8s.io/gengo/v2/types"
	crdmarkers "sigs.k8s.io/controller-tools/pkg/crd/markers"

	"github.com/apiserver-builder/builder/generators/internal/apis"
)

// A SelectableField is a field of a kind that field selectors support.
type SelectableField struct {
	// Path is its name in selectors, such as spec.color.
	Path string
	// Value is the Go expression of its text for the object "in". Guard is the condition that the field is set, or "" if it always is.
	Value, Guard string
}

// A selectableMarker is a +kubebuilder:selectablefield marker.
type selectableMarker struct {
	crdmarkers.SelectableField
	pos token.Position
}

// Selectable reports whether any version of the kind supports field selectors other than those for name and namespace.
func (k *Kind) Selectable() bool {
	return slices.ContainsFunc(k.Versions, func(v *KindVersion) bool { return len(v.Fields) > 0 })
}

// Selectable returns the kinds with selectable fields.
func (s *Server) Selectable() []*Kind {
	return slices.DeleteFunc(slices.Clone(s.Kinds), func(k *Kind) bool { return !k.Selectable() })
}

// FieldsImport reports whether the value of a selectable field uses a package.
func (k *Kind) FieldsImport(pkg string) bool {
	return slices.ContainsFunc(k.Versions, func(v *KindVersion) bool {
		return slices.ContainsFunc(v.Fields, func(f SelectableField) bool { return strings.HasPrefix(f.Value, pkg+".") })
	})
}

// FieldPaths returns the names of the selectable fields as Go strings, separated by commas.
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
		return field, fmt.Errorf("%q is not a path of field names such as .spec.color", path)
	case strings.HasPrefix(path, ".metadata."):
		return field, fmt.Errorf("%s is metadata: field selectors support only metadata.name and metadata.namespace", path)
	}
	reached, err := follow(root, path)
	if err != nil {
		return field, err
	}
	switch u := apis.Unalias(reached.goType); {
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

// A reached is a field, with the Go expression that reads it from the object "in".
type reached struct {
	// expr is the Go expression of its value, and goType its type without a pointer.
	expr   string
	goType *types.Type
	// pointers lists the expressions on the path that may be nil, including the field itself.
	pointers []string
}

// follow follows a path of JSON names, such as .spec.color.
func follow(root *types.Type, path string) (reached, error) {
	out := reached{expr: "in", goType: root}
	for _, name := range strings.Split(strings.TrimPrefix(path, "."), ".") {
		members := apis.JSONPath(apis.Unalias(out.goType), name)
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
