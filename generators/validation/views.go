package validation

import (
	"slices"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/environment"
	"k8s.io/gengo/v2/types"
)

// A rule of a CRD sees values as they are in JSON. CEL sees the same in a Go value, and much faster, but not in Go values of every
// type. Those of the other types are foreign to it.

var (
	objectMeta = types.Name{Package: "k8s.io/apimachinery/pkg/apis/meta/v1", Name: "ObjectMeta"}
	quantity   = types.Name{Package: "k8s.io/apimachinery/pkg/api/resource", Name: "Quantity"}
)

// foreignTo says whether a rule on the value looks at something that is foreign to CEL.
func (v *value) foreignTo(r *rule) bool {
	return v.foreign(nil) && slices.ContainsFunc([]string{r.Rule, r.MessageExpression}, func(expression string) bool {
		return slices.ContainsFunc(selections(expression), v.foreignAt)
	})
}

// foreignAt says whether what is at a path of fields is foreign to CEL.
func (v *value) foreignAt(path []string) bool {
	if len(path) == 0 || v.object == nil || v.typ.Name == objectMeta {
		return v.foreign(nil)
	}
	p := v.object.property(path[0])
	switch {
	case p == nil:
		return v.foreign(nil)
	case len(path) == 1:
		return p.mayBeNull() || p.value.foreign(nil)
	}
	return p.value.foreignAt(path[1:])
}

// property is the field of that name in JSON, be it of a struct that is inlined, or nil.
func (o *object) property(name string) *property {
	for _, p := range o.fields {
		switch {
		case p.name == name:
			return p
		case p.name == "" && p.value.object != nil && !p.value.pointer:
			if found := p.value.object.property(name); found != nil {
				return found
			}
		}
	}
	return nil
}

// foreign says whether CEL sees the value, or something in it, in another way than in JSON. within are the types around it.
func (v *value) foreign(within []types.Name) bool {
	if v.typ.Name == objectMeta { // of which it sees names
		return false
	}
	switch v.kind() {
	case aString:
		return slices.ContainsFunc(v.limits, func(l limits) bool {
			return slices.Contains([]string{"byte", "date", "date-time", "duration"}, l.Format)
		})
	case aNumber:
		return !slices.Contains([]string{"int", "int32", "int64", "float64"}, v.typ.Name.Name)
	case aList: // a list of strings is joined as one of type []string only
		return v.typ.Kind == types.Array || v.items.foreign(within) || v.items.kind() == aString && v.items.declared != types.String
	case aMap:
		return v.typ.Key != types.String || v.items.foreign(within)
	case aStruct:
		return v.object == nil || v.object.foreign(within)
	case opaque:
		return !isTime(v.typ) && v.typ.Name != quantity
	}
	return false
}

func (o *object) foreign(within []types.Name) bool {
	if slices.Contains(within, o.typ.Name) {
		return false
	}
	within = append(slices.Clip(within), o.typ.Name)
	return len(o.fields) == 0 || slices.ContainsFunc(o.fields, func(p *property) bool {
		inlined := p.name == "" && p.value.pointer
		unordered := p.value.kind() == aList && slices.ContainsFunc(p.value.limits, p.value.keyed) // when structs are compared
		return inlined || unordered || p.mayBeNull() || p.value.foreign(within)
	})
}

// mayBeNull says whether a field that was left out is null in JSON, which is no value, but one in Go.
func (p *property) mayBeNull() bool {
	v := p.value
	if v.pointer || p.required {
		return false
	}
	return isTime(v.typ) && !p.omitZero || !p.omitEmpty && !p.omitZero && (v.kind() == aList || v.kind() == aMap)
}

// selections are the paths of fields that an expression selects from self and oldSelf. There are none if it is no expression.
func selections(expression string) [][]string {
	env := environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()).StoredExpressionsEnv()
	parsed, issues := env.Parse(expression)
	if issues.Err() != nil {
		return nil
	}
	var out [][]string
	var visit func(ast.NavigableExpr)
	visit = func(e ast.NavigableExpr) {
		path, ok := selection(e)
		switch {
		case ok:
			out = append(out, path)
			return
		case e.Kind() == ast.CallKind && e.AsCall().FunctionName() == "hasValue" && e.AsCall().IsMemberFunction():
			if path, ok := selection(e.AsCall().Target()); ok && len(path) == 0 { // there is an old value, whichever
				return
			}
		}
		for _, child := range e.Children() {
			visit(child)
		}
	}
	visit(ast.NavigateAST(parsed.NativeRep()))
	return out
}

// selection is the path of fields that an expression is, if it is one: self.spec.replicas, self.?spec.replicas or oldSelf.value().spec.
func selection(e ast.Expr) ([]string, bool) {
	switch e.Kind() {
	case ast.IdentKind:
		return nil, e.AsIdent() == "self" || e.AsIdent() == "oldSelf"
	case ast.SelectKind:
		path, ok := selection(e.AsSelect().Operand())
		name, escaped := cel.Unescape(e.AsSelect().FieldName())
		return append(path, name), ok && escaped
	case ast.CallKind:
		switch call := e.AsCall(); {
		case call.IsMemberFunction() && call.FunctionName() == "value":
			return selection(call.Target())
		case call.FunctionName() == operators.OptSelect:
			path, ok := selection(call.Args()[0])
			name, text := call.Args()[1].AsLiteral().Value().(string)
			return append(path, name), ok && text
		}
	}
	return nil, false
}
