package codegen

import (
	"fmt"
	"strings"

	"k8s.io/gengo/v2/types"
	"k8s.io/kube-openapi/pkg/common"
)

// checkFields checks that the fields of a struct can be copied, described and defaulted.
func (p *Packages) checkFields(t *types.Type) Diagnostics {
	var problems Diagnostics
	if describesItself(t) {
		return nil
	}
	named := map[string]string{}
	for _, m := range t.Members {
		pos := p.Position(t.Name, m.Name)
		if name := jsonName(m); name != "" && named[name] != "" {
			problems.add(pos, "fields %s and %s of %s have the same name in JSON, %q, so that neither would be written: change one of their json tags",
				named[name], m.Name, t.Name.Name, name)
		} else {
			named[name] = m.Name
		}
		if what := p.unsuitable(m.Type, inOpenAPI(m)); what != "" {
			problems.add(pos, "field %s of %s: %s", m.Name, t.Name.Name, what)
		}
	}
	return problems
}

const freeForm = "use runtime.RawExtension for JSON of any form"

// unsuitable says why a field can't be of type t, or "".
func (p *Packages) unsuitable(t *types.Type, described bool) string {
	if format, _ := common.OpenAPITypeFormat(t.Name.String()); format != "" && t.Kind != types.Interface {
		return ""
	}
	switch t.Kind {
	case types.Builtin:
		if described {
			return fmt.Sprintf("%s has no form in JSON that OpenAPI can describe", t.Name.Name)
		}
	case types.Pointer:
		if t.Elem.Kind == types.Interface {
			return "a pointer to an interface can't be copied"
		}
		return p.unsuitable(t.Elem, described)
	case types.Slice, types.Array:
		if described && t.Kind == types.Slice && t.Elem.Kind == types.Alias && resolve(t.Elem) == types.Byte {
			return fmt.Sprintf("JSON has a list of %s as a string, as one of bytes: use []byte, or numbers of more bits", t.Elem.Name.Name)
		}
		return p.unsuitableElement(t.Elem, described)
	case types.Map:
		if key := resolve(t.Key); described && key.Name.Name != "string" {
			return fmt.Sprintf("the keys of a map must be strings, not %s", t.Key.Name.Name)
		}
		return p.unsuitableElement(t.Elem, described)
	case types.Alias:
		if described && t.Underlying.Kind == types.Slice && t.Underlying.Elem == types.Byte {
			return fmt.Sprintf("bytes of a type of their own, %s, have no schema: use []byte, or runtime.RawExtension for JSON of any form", t.Name.Name)
		}
		return p.unsuitable(t.Underlying, described)
	case types.Struct:
		return p.unsuitableStruct(t, described)
	case types.Interface:
		if t.Name.Package == "" {
			return "a value of any type can't be copied; " + freeForm
		}
		if t.Methods["DeepCopy"+t.Name.Name] == nil {
			return fmt.Sprintf("the interface %s can't be copied: it has no method DeepCopy%s; %s", t.Name.Name, t.Name.Name, freeForm)
		}
	case types.Unsupported, types.Unknown:
		return fmt.Sprintf("the type %s can't be copied or written as JSON", t.Name)
	case types.Func, types.Chan:
		return "a " + strings.ToLower(string(t.Kind)) + " can't be copied or written as JSON"
	}
	return ""
}

func (p *Packages) unsuitableElement(t *types.Type, described bool) string {
	if what := p.unsuitable(t, described); what != "" || !described || resolve(t).Kind != types.Interface {
		return what
	}
	return "OpenAPI can't describe a list or map of interfaces; " + freeForm
}

func (p *Packages) unsuitableStruct(t *types.Type, described bool) string {
	switch {
	case t.Name.Package == "":
		return "a struct without a name has no OpenAPI definition: declare it as a type"
	case described && p.external[t.Name] && !p.hasDefinition(t):
		return fmt.Sprintf("the type %s has no OpenAPI definition: declare a type in the API package, or put // +k8s:openapi-gen=true on that one", t.Name)
	}
	return ""
}

// checkExternal checks the types of other packages that API types refer to through yet others.
func (p *Packages) checkExternal() Diagnostics {
	direct := map[types.Name]bool{}
	for _, api := range p.options.APIs {
		for _, t := range p.Universe[api.Package].Types {
			for _, m := range t.Members {
				direct[elementOf(m.Type).Name] = true
			}
		}
	}
	var problems Diagnostics
	for name := range p.external {
		if t := p.Universe.Type(name); !direct[name] && !p.hasDefinition(t) {
			problems.add(p.Position(name, ""), "the type %s, which API types refer to through other types, has no OpenAPI definition", name)
		}
	}
	return problems
}

// elementOf is the type at the bottom of pointers, lists and maps.
func elementOf(t *types.Type) *types.Type {
	for t.Elem != nil || t.Kind == types.Alias {
		if t.Kind == types.Alias {
			t = t.Underlying
		} else {
			t = t.Elem
		}
	}
	return t
}

// resolve is the type behind names and pointers.
func resolve(t *types.Type) *types.Type {
	for t.Kind == types.Alias || t.Kind == types.Pointer {
		if t.Kind == types.Alias {
			t = t.Underlying
		} else {
			t = t.Elem
		}
	}
	return t
}
