package validation

import (
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/diagnostics"
	"github.com/apiserver-builder/builder/generators/internal/apis"
	"github.com/apiserver-builder/builder/generators/internal/apis/schema"
)

// A place is a type or a field of it, as named in the source.
type place struct {
	owner types.Name
	field string
}

// An object is a struct type, with the constraints of its markers.
type object struct {
	typ    *types.Type
	at     place
	fields []*property
	// schema contains the constraints of the type's own markers.
	schema *apiextensionsv1.JSONSchemaProps
	// resetStatus means that the status of the kind is empty when an object is created.
	resetStatus bool
	// rules contains the CEL rules of a kind, or nil.
	rules *ruleNode
	// constrained means that the struct, or a value in it, has constraints.
	constrained bool
}

// A property is a field of a struct.
type property struct {
	// name is the field's name in JSON, or empty if it is inlined. goName is its name in Go.
	name, goName        string
	omitEmpty, omitZero bool
	required            bool
	// own means that the struct belongs to the project.
	own   bool
	value *value
}

// A value is the type of a field, item or entry, with its constraints.
type value struct {
	// typ is the Go type without pointers and names; it is never an Alias.
	typ *types.Type
	// declared is the Go type as declared.
	declared *types.Type
	pointer  bool
	// limits contains the constraints of the field and of the named types in between, outermost first.
	limits []limits
	// items describes the items of a list or the values of a map.
	items *value
	// object is set for a struct whose fields are validated.
	object *object
}

// limits contains the constraints that the markers of one place put on a value.
type limits struct {
	*apiextensionsv1.JSONSchemaProps
	at place
	// prefix is "items:" for each list between the place and the value.
	prefix string
}

// A reader builds the model, and collects errors in markers.
type reader struct {
	packages *apis.Model
	schemas  *schema.Schemas
	structs  map[types.Name]*object
	problems diagnostics.List
}

// object reads a struct type.
func (r *reader) object(t *types.Type) *object {
	if o := r.structs[t.Name]; o != nil {
		return o
	}
	o := &object{typ: t, at: place{owner: t.Name}, schema: r.schemas.Type(t.Name)}
	r.structs[t.Name] = o
	fields := o.schema
	if o.schema == nil {
		o.schema = &apiextensionsv1.JSONSchemaProps{}
		return o
	}
	for fields.Ref != nil && len(fields.Properties) == 0 { // type A B
		if fields = r.schemas.Type(r.schemas.Resolve(t.Name, *fields.Ref)); fields == nil {
			return o
		}
	}
	own := r.packages.Position(t.Name, "")
	for _, member := range t.Members {
		tag, name := apis.TagOf(member), apis.JSONName(member)
		if tag.Ignored || !apis.IsExported(member) {
			continue
		}
		at := place{owner: t.Name, field: member.Name}
		p := &property{name: name, goName: member.Name, omitEmpty: tag.OmitEmpty, omitZero: tag.OmitZero, own: own.IsValid()}
		if name == "" {
			p.value = r.value(member.Type, r.inlined(fields, member, at))
		} else if prop, ok := fields.Properties[name]; ok {
			p.required = slices.Contains(fields.Required, name)
			p.value = r.value(member.Type, []limits{{JSONSchemaProps: &prop, at: at}})
		} else {
			continue
		}
		o.fields = append(o.fields, p)
	}
	return o
}

// inlined returns the rules of an inlined field. Its markers cannot express anything else.
func (r *reader) inlined(around *apiextensionsv1.JSONSchemaProps, member types.Member, at place) []limits {
	t := member.Type
	if t.Kind == types.Pointer {
		t = t.Elem
	}
	for _, s := range around.AllOf {
		if s.Ref == nil || r.schemas.Resolve(at.owner, *s.Ref) != t.Name {
			continue
		}
		return []limits{{JSONSchemaProps: &apiextensionsv1.JSONSchemaProps{Ref: s.Ref, XValidations: s.XValidations}, at: at}}
	}
	return nil
}

// checkMetadata reports rules on the metadata of a kind, which a CRD rejects too.
func (r *reader) checkMetadata(kind *object) {
	p := kind.property("metadata")
	if p == nil || p.value.typ.Name != objectMeta || len(p.value.limits) == 0 {
		return
	}
	if l := p.value.limits[0]; len(l.XValidations) > 0 {
		r.problem(l.at, "+kubebuilder:validation:", "metadata can't have CEL rules: put them on the type %s, where they see self.metadata.name and self.metadata.generateName, or write a Validate method", kind.typ.Name.Name)
	}
}

// value reads a Go type, with the constraints of the types that it resolves to.
func (r *reader) value(t *types.Type, from []limits) *value {
	v := &value{declared: t, typ: t, limits: from}
	for {
		if v.typ.Kind == types.Pointer {
			v.typ, v.pointer = v.typ.Elem, true
			if v.declared == t {
				v.declared = v.typ
			}
			continue
		}
		if v.typ.Kind != types.Alias {
			break
		}
		if own := r.schemas.Type(v.typ.Name); own != nil {
			v.limits = append(v.limits, limits{JSONSchemaProps: own, at: place{owner: v.typ.Name}})
		}
		v.typ = v.typ.Underlying
	}
	r.check(v)
	r.checkDefault(v)
	switch v.typ.Kind {
	case types.Slice, types.Array:
		if !isBytes(v.typ) {
			v.items = r.value(v.typ.Elem, v.below(func(s *apiextensionsv1.JSONSchemaProps) *apiextensionsv1.JSONSchemaProps {
				if s.Items == nil {
					return nil
				}
				return s.Items.Schema
			}, "items:"))
		}
	case types.Map:
		v.items = r.value(v.typ.Elem, v.below(func(s *apiextensionsv1.JSONSchemaProps) *apiextensionsv1.JSONSchemaProps {
			if s.AdditionalProperties == nil {
				return nil
			}
			return s.AdditionalProperties.Schema
		}, ""))
	case types.Struct:
		if !marshalsItself(v.declared) && !marshalsItself(v.typ) && !v.schemaless() {
			v.object = r.object(v.typ)
		}
	}
	return v
}

// below returns the constraints of a value's items or entries.
func (v *value) below(schemaOf func(*apiextensionsv1.JSONSchemaProps) *apiextensionsv1.JSONSchemaProps, prefix string) []limits {
	var out []limits
	for _, l := range v.limits {
		if s := schemaOf(l.JSONSchemaProps); s != nil {
			out = append(out, limits{JSONSchemaProps: s, at: l.at, prefix: l.prefix + prefix})
		}
	}
	return out
}

// schemaless reports whether a marker of the field excludes its type from the schema.
func (v *value) schemaless() bool {
	return len(v.limits) > 0 && v.limits[0].Type == "" && v.limits[0].Ref == nil
}

// markConstrained sets constrained for all types.
func (r *reader) markConstrained() {
	for changed := true; changed; {
		changed = false
		for _, o := range r.structs {
			if !o.constrained && o.hasChecks() {
				o.constrained, changed = true, true
			}
		}
	}
}

func (o *object) hasChecks() bool {
	return counted(o.schema) || slices.ContainsFunc(o.fields, func(p *property) bool {
		return p.value.hasChecks() || p.missing("") != ""
	})
}

// counted reports whether the number of a struct's fields is limited.
func counted(s *apiextensionsv1.JSONSchemaProps) bool {
	return s.MinProperties != nil || s.MaxProperties != nil
}

func (v *value) hasChecks() bool {
	return slices.ContainsFunc(v.limits, v.limited) ||
		v.items != nil && v.items.hasChecks() ||
		v.object != nil && v.object.constrained
}
