package validation

import (
	"slices"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/environment"
	"k8s.io/gengo/v2/types"
)

// The rules of a CRD use values as decoded from JSON. CEL can read Go values directly, which is much faster, but some Go types look
// different to CEL. These types are called foreign here.

var (
	objectMeta = types.Name{Package: "k8s.io/apimachinery/pkg/apis/meta/v1", Name: "ObjectMeta"}
	quantity   = types.Name{Package: "k8s.io/apimachinery/pkg/api/resource", Name: "Quantity"}
)

// foreignTo reports whether a rule on the value reads a foreign value.
func (v *value) foreignTo(r *rule) bool {
	return v.foreign(nil) && slices.ContainsFunc([]string{r.Rule, r.MessageExpression}, func(expression string) bool {
		return slices.ContainsFunc(selections(expression), v.foreignAt)
	})
}

// foreignAt reports whether the value at a path of fields is foreign.
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

// property returns the field with a name in JSON, which may belong to an inlined struct, or nil.
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

// foreign reports whether a value, or a value in it, is foreign. within lists the types around it.
func (v *value) foreign(within []types.Name) bool {
	if v.typ.Name == objectMeta { // rules only see names in it
		return false
	}
	switch v.kind() {
	case kindString:
		return slices.ContainsFunc(v.limits, func(l limits) bool {
			return slices.Contains([]string{"byte", "date", "date-time", "duration"}, l.Format)
		})
	case kindNumber:
		return !slices.Contains([]string{"int", "int32", "int64", "float64"}, v.typ.Name.Name)
	case kindList: // CEL joins strings only in a []string
		return v.typ.Kind == types.Array || v.items.foreign(within) || v.items.kind() == kindString && v.items.declared != types.String
	case kindMap:
		return v.typ.Key != types.String || v.items.foreign(within)
	case kindStruct:
		return v.object == nil || v.object.foreign(within)
	case kindOpaque, kindDuration:
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
		unordered := p.value.kind() == kindList && slices.ContainsFunc(p.value.limits, p.value.keyed) // when structs are compared
		return inlined || unordered || p.mayBeNull() || p.value.foreign(within)
	})
}

// mayBeNull reports whether JSON has null for a missing field. CEL treats null as absent, but the Go value as present.
func (p *property) mayBeNull() bool {
	v := p.value
	if v.pointer || p.required {
		return false
	}
	return isTime(v.typ) && !p.omitZero || !p.omitEmpty && !p.omitZero && (v.kind() == kindList || v.kind() == kindMap)
}

// selections returns the paths of fields that an expression selects from self and oldSelf, or nil if it does not compile.
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
			if path, ok := selection(e.AsCall().Target()); ok && len(path) == 0 { // it only tests whether there is an old value
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

// selection returns the path of fields that an expression selects, such as self.spec.replicas, self.?spec.replicas or oldSelf.value().spec.
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
