package validation

import (
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/codegen"
	"github.com/apiserver-builder/builder/generators/schema"
)

// A place is a type, or a field of it, as a user would name it.
type place struct {
	owner types.Name
	field string
}

// An object is a struct type that objects are made of, and what its markers ask for.
type object struct {
	typ    *types.Type
	at     place
	fields []*property
	// schema is what the type's own markers say.
	schema *apiextensionsv1.JSONSchemaProps
	// resetStatus is set for a kind that has no status when it is created.
	resetStatus bool
	// rules are the CEL rules of a kind, nil if it has none.
	rules *ruleNode
	// constrained says that something is to be checked here or below.
	constrained bool
}

// A property is a field of a struct.
type property struct {
	// name is the one in JSON, empty where the field is inlined, and goName that in Go.
	name, goName        string
	omitEmpty, omitZero bool
	required            bool
	// own says that the struct is one of the project's.
	own   bool
	value *value
}

// A value is what a field, an item or an entry can be.
type value struct {
	// typ is the Go type without pointers and names: never an Alias.
	typ *types.Type
	// declared is the Go type as it is declared.
	declared *types.Type
	pointer  bool
	// limits are those of the field itself and of the named types in between, outermost first.
	limits []limits
	// items are those of a list or the entries of a map.
	items *value
	// object is set for a struct whose fields matter.
	object *object
}

// limits are what the markers of one place say of a value.
type limits struct {
	*apiextensionsv1.JSONSchemaProps
	at place
	// prefix is "items:" once for each list that the markers go through.
	prefix string
}

// A reader builds the model, and gathers what is wrong with the markers.
type reader struct {
	packages *codegen.Packages
	schemas  *schema.Schemas
	structs  map[types.Name]*object
	problems codegen.Diagnostics
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
		tag := tagOf(member)
		if tag.skipped || !isExported(member.Name) {
			continue
		}
		at := place{owner: t.Name, field: member.Name}
		p := &property{name: tag.name, goName: member.Name, omitEmpty: tag.omitEmpty, omitZero: tag.omitZero, own: own.IsValid()}
		if tag.name == "" {
			p.value = r.value(member.Type, r.inlined(fields, member, at))
		} else if prop, ok := fields.Properties[tag.name]; ok {
			p.required = slices.Contains(fields.Required, tag.name)
			p.value = r.value(member.Type, []limits{{JSONSchemaProps: &prop, at: at}})
		} else {
			continue
		}
		o.fields = append(o.fields, p)
	}
	return o
}

// inlined are the rules of a field whose struct is inlined: there is nothing else that its markers can say.
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

// checkMetadata says that the metadata of a kind can have no rules, as in a CRD.
func (r *reader) checkMetadata(kind *object) {
	p := kind.property("metadata")
	if p == nil || p.value.typ.Name != objectMeta || len(p.value.limits) == 0 {
		return
	}
	if l := p.value.limits[0]; len(l.XValidations) > 0 {
		r.problem(l.at, "+kubebuilder:validation:", "metadata can't have rules of its own: put them on the type %s, where they see self.metadata.name and self.metadata.generateName, or write a Validate method", kind.typ.Name.Name)
	}
}

// value reads what a Go type and the markers on the way to it say.
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

// below are the limits of a value's items or entries.
func (v *value) below(schemaOf func(*apiextensionsv1.JSONSchemaProps) *apiextensionsv1.JSONSchemaProps, prefix string) []limits {
	var out []limits
	for _, l := range v.limits {
		if s := schemaOf(l.JSONSchemaProps); s != nil {
			out = append(out, limits{JSONSchemaProps: s, at: l.at, prefix: l.prefix + prefix})
		}
	}
	return out
}

// schemaless says that a field's marker keeps its type from being looked into.
func (v *value) schemaless() bool {
	return len(v.limits) > 0 && v.limits[0].Type == "" && v.limits[0].Ref == nil
}

// settle finds out which types have something to check, at any depth.
func (r *reader) settle() {
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

// counted says whether a struct's fields are counted.
func counted(s *apiextensionsv1.JSONSchemaProps) bool {
	return s.MinProperties != nil || s.MaxProperties != nil
}

func (v *value) hasChecks() bool {
	return slices.ContainsFunc(v.limits, v.limited) ||
		v.items != nil && v.items.hasChecks() ||
		v.object != nil && v.object.constrained
}
