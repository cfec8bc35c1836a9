package checks

import (
	"fmt"
	gotypes "go/types"
	"slices"

	"k8s.io/gengo/v2/types"
	"k8s.io/kube-openapi/pkg/common"

	"github.com/apiserver-builder/builder/generators/internal/apis"
)

// instead contains suggestions for types of other packages that cannot be used in an API.
var instead = map[string]string{
	"time.Time": "metav1.Time", "time.Month": "a string or an int32", "time.Weekday": "a string or an int32",
	"encoding/json.RawMessage": "runtime.RawExtension", "encoding/json.Number": "a resource.Quantity or a string",
	"net/netip.Addr": "a string with +kubebuilder:validation:Format=ip", "net/netip.Prefix": "a string with +kubebuilder:validation:Format=cidr", "net.IP": "a string with +kubebuilder:validation:Format=ip",
	"net.IPNet": "a string with +kubebuilder:validation:Format=cidr", "net/url.URL": "a string with +kubebuilder:validation:Format=uri", "math/big.Int": "a resource.Quantity or a string", "math/big.Float": "a resource.Quantity or a string",
	"k8s.io/apimachinery/pkg/runtime.Unknown": "runtime.RawExtension", "k8s.io/apimachinery/pkg/apis/meta/v1/unstructured.Unstructured": "runtime.RawExtension",
}

// unsuitableForeign returns the reason why a field cannot have a type of another package, or "".
func (c *checker) unsuitableForeign(t *gotypes.Named) string {
	obj := t.Obj()
	full := types.Name{Package: obj.Pkg().Path(), Name: obj.Name()}
	switch {
	case instead[full.String()] != "":
		return fmt.Sprintf("%s is not a type of Kubernetes' APIs: use %s", c.name(t), instead[full.String()])
	case t.TypeArgs().Len() > 0:
		return fmt.Sprintf("%s has type parameters, which Kubernetes' generators can't handle: declare a type in the API package", c.name(t))
	case !obj.Exported():
		return fmt.Sprintf("the type %s is not exported, so no code is generated for it: declare a type in the API package", c.name(t))
	case !c.copyable(t):
		return fmt.Sprintf("the type %s has no DeepCopyInto method, so objects that have one can't be copied: declare a type in the API package", c.name(t))
	}
	if format, _ := common.OpenAPITypeFormat(full.String()); format != "" {
		return ""
	}
	switch u := t.Underlying().(type) {
	case *gotypes.Struct:
		known := c.Universe.Type(full)
		if c.External[full] && !c.HasDefinition(known) && !apis.DescribesItself(known) {
			return fmt.Sprintf("the type %s has no OpenAPI definition: %s", full, c.describe(full))
		}
		if number := c.incomparableIn(t, map[gotypes.Type]bool{}); number != "" {
			return fmt.Sprintf("server-side apply can't compare values of type %s, and %s has one in it: declare a type in the API package", number, c.name(t))
		}
		if field := hidden(t); field != "" {
			return fmt.Sprintf("Kubernetes compares objects field by field, and panics at the field %s in %s, which is not exported: declare a type in the API package", field, c.name(t))
		}
		return ""
	case *gotypes.Interface:
		return fmt.Sprintf("a value of the interface %s can't be read from JSON; %s", c.name(t), freeForm)
	default:
		if c.ownForm(t) && !hasMethod(t, "OpenAPISchemaType") {
			return fmt.Sprintf("the type %s has a custom JSON encoding without an OpenAPI schema: declare a type in the API package", c.name(t))
		}
		if list, ok := u.(*gotypes.Slice); ok && isByte(list.Elem()) {
			return namedBytes(c.name(t))
		}
		return c.unsuitable(u)
	}
}

// copyable reports whether generated code can copy a value of another package's type.
func (c *checker) copyable(t *gotypes.Named) bool {
	fields, ok := t.Underlying().(*gotypes.Struct)
	if !ok || hasMethod(t, "DeepCopyInto") || assignable(fields) {
		return true
	}
	// Generated methods are not loaded, but the markers that request them are.
	full := types.Name{Package: t.Obj().Pkg().Path(), Name: t.Obj().Name()}
	lines := append(slices.Clone(c.Universe.Package(full.Package).Comments), apis.Comments(c.Universe.Type(full))...)
	return len(apis.TagValues(lines, "k8s:deepcopy-gen")) > 0 || slices.Contains(apis.TagValues(lines, "kubebuilder:object:generate"), "true")
}

// assignable reports whether an assignment makes a deep copy of a struct.
func assignable(fields *gotypes.Struct) bool {
	for i := range fields.NumFields() {
		switch u := fields.Field(i).Type().Underlying().(type) {
		case *gotypes.Basic:
		case *gotypes.Struct:
			if !assignable(u) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// incomparableIn returns the first numeric type in the JSON of a type of another package that server-side apply cannot compare, or "".
func (c *checker) incomparableIn(t gotypes.Type, seen map[gotypes.Type]bool) string {
	if seen[t] || c.ownForm(gotypes.Unalias(t)) {
		return ""
	}
	seen[t] = true
	switch u := t.Underlying().(type) {
	case *gotypes.Basic:
		if incomparable[u.Kind()] != "" {
			return u.Name()
		}
	case interface{ Elem() gotypes.Type }: // a pointer, a list or a map
		return c.incomparableIn(u.Elem(), seen)
	case *gotypes.Struct:
		for i := range u.NumFields() {
			if field := u.Field(i); (field.Exported() || field.Embedded()) && !apis.ParseTag(u.Tag(i)).Ignored {
				if number := c.incomparableIn(field.Type(), seen); number != "" {
					return number
				}
			}
		}
	}
	return ""
}
