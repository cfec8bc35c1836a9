package server

import (
	"fmt"
	"go/token"
	"regexp"
	"strings"

	"k8s.io/gengo/v2/types"
	crdmarkers "sigs.k8s.io/controller-tools/pkg/crd/markers"
)

// A Scale contains the Go statements of a scale subresource, which read from "in" and write to "out".
type Scale struct {
	// Optional means that the replicas may be unset.
	Optional                           bool
	ReadSpec, ReadStatus, ReadSelector string
	Write                              string

	path, statusPath []string
}

// Path returns the JSON names on the path to the desired number of replicas, as Go strings, separated by commas.
func (s *Scale) Path() string { return quoteAll(s.path) }

// StatusPath returns the JSON names on the path to the observed number of replicas, as Go strings, separated by commas.
func (s *Scale) StatusPath() string { return quoteAll(s.statusPath) }

// A scaleMarker is a +kubebuilder:subresource:scale marker.
type scaleMarker struct {
	crdmarkers.SubresourceScale
	pos token.Position
}

// newScale compiles the paths of a +kubebuilder:subresource:scale marker on the type root to Go.
func newScale(root *types.Type, m *scaleMarker) (*Scale, error) {
	spec, err := newAccess(root, "specpath", m.SpecPath, types.Int32, "spec")
	if err != nil {
		return nil, err
	}
	if len(spec.guards) > 0 {
		return nil, fmt.Errorf("specpath=%s goes through the pointer %s, which may be nil when a scale is written: make it a struct",
			m.SpecPath, strings.TrimPrefix(spec.guards[0], "in."))
	}
	status, err := newAccess(root, "statuspath", m.StatusPath, types.Int32, "status")
	if err != nil {
		return nil, err
	}
	s := &Scale{
		Optional: spec.pointer, ReadSpec: spec.read("out.Spec.Replicas"), ReadStatus: status.read("out.Status.Replicas"),
		path: spec.names, statusPath: status.names,
	}
	target := "out" + strings.TrimPrefix(spec.expr, "in")
	s.Write = target + " = scale.Spec.Replicas"
	if spec.pointer {
		s.Write = target + " = &scale.Spec.Replicas"
	}
	if m.SelectorPath == nil {
		return s, nil
	}
	selector, err := newAccess(root, "selectorpath", *m.SelectorPath, types.String, "status", "spec")
	if err != nil {
		return nil, err
	}
	s.ReadSelector = selector.read("out.Status.Selector")
	return s, nil
}

// An access is a field, with the Go expression that reads it from the object "in".
type access struct {
	// names lists the JSON names on the path, and expr is the Go expression.
	names []string
	expr  string
	// guards lists the pointers on the path. pointer means that the field itself is a pointer.
	guards  []string
	pointer bool
}

var scalePath = regexp.MustCompile(`^(\.[A-Za-z_][A-Za-z0-9_-]*){2,}$`)

// newAccess follows a path of field names to a field of type want. The path must start with one of the names in under.
func newAccess(root *types.Type, argument, path string, want *types.Type, under ...string) (access, error) {
	a := access{expr: "in"}
	inside := false
	for _, name := range under {
		inside = inside || strings.HasPrefix(path, "."+name+".")
	}
	if !inside || !scalePath.MatchString(path) {
		return a, fmt.Errorf("%s=%s is not a path of field names below .%s: use one such as %s", argument, path, strings.Join(under, " or ."), examplePaths[argument])
	}
	a.names = strings.Split(path[1:], ".")
	field, err := follow(root, path)
	if err != nil {
		return a, fmt.Errorf("%s=%w", argument, err)
	}
	a.expr, a.guards = strings.TrimPrefix(field.expr, "*"), field.pointers
	if a.pointer = field.expr != a.expr; a.pointer { // the last pointer is the field itself
		a.guards = a.guards[:len(a.guards)-1]
	}
	t := field.goType
	if t != want {
		return a, fmt.Errorf("%s=%s has the Go type %s, but a scale needs %s: make it %s or *%s", argument, path, t.Name.Name, want.Name.Name, want.Name.Name, want.Name.Name)
	}
	return a, nil
}

// examplePaths contains the conventional paths.
var examplePaths = map[string]string{"specpath": ".spec.replicas", "statuspath": ".status.replicas", "selectorpath": ".status.selector"}

// read returns the statement that sets target to the field's value, if it is set.
func (a access) read(target string) string {
	guards, value := a.guards, a.expr
	if a.pointer {
		guards, value = append(guards, a.expr), "*"+a.expr
	}
	if len(guards) == 0 {
		return target + " = " + value
	}
	return "if " + strings.Join(guards, " != nil && ") + " != nil {\n\t\t" + target + " = " + value + "\n\t}"
}

// scale compiles the scale subresource of a kind in one version, if it has one.
func (r *reader) scale(v *KindVersion, t *types.Type, m *scaleMarker) {
	if m == nil {
		return
	}
	var err error
	if v.Scale, err = newScale(t, m); err != nil {
		r.problem(m.pos, "the scale of %s: %v", v.name, err)
	}
}
