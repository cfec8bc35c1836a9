package upstream

import (
	"go/ast"
	"go/constant"
	"go/token"
	"reflect"
	"strconv"

	"k8s.io/gengo/v2/types"
)

// eval returns the value of an expression. If want is not nil, the value is assignable to it.
func (e *evaluator) eval(expr ast.Expr, want reflect.Type) (reflect.Value, error) {
	switch x := expr.(type) {
	case *ast.ParenExpr:
		return e.eval(x.X, want)
	case *ast.BasicLit:
		return e.constant(x, constant.MakeFromLiteral(x.Value, x.Kind, 0), want)
	case *ast.Ident:
		switch x.Name {
		case "true", "false":
			return e.constant(x, constant.MakeBool(x.Name == "true"), want)
		case "nil":
			if want != nil {
				return reflect.Zero(want), nil
			}
		}
	case *ast.UnaryExpr:
		return e.unary(x, want)
	case *ast.SelectorExpr:
		return e.namedConstant(x, want)
	case *ast.CompositeLit:
		return e.literal(x, want)
	case *ast.CallExpr:
		v, err := e.call(x)
		if err != nil {
			return v, err
		}
		return e.convert(x, v, want)
	}
	return reflect.Value{}, e.unknown(expr, "an unexpected expression")
}

// convert makes v assignable to want, with Go's rules for untyped constants and unnamed types.
func (e *evaluator) convert(at ast.Node, v reflect.Value, want reflect.Type) (reflect.Value, error) {
	switch {
	case want == nil || v.Type().AssignableTo(want):
		return v, nil
	case v.Type().ConvertibleTo(want) && (v.Kind() == want.Kind() || v.CanInt() && want.Kind() == reflect.Float64):
		return v.Convert(want), nil
	}
	return v, e.unknown(at, "a %s where a %s is due", v.Type(), want)
}

func (e *evaluator) constant(at ast.Node, c constant.Value, want reflect.Type) (reflect.Value, error) {
	var v reflect.Value
	switch c.Kind() {
	case constant.String:
		v = reflect.ValueOf(constant.StringVal(c))
	case constant.Bool:
		v = reflect.ValueOf(constant.BoolVal(c))
	case constant.Int:
		i, ok := constant.Int64Val(c)
		if !ok {
			return v, e.unknown(at, "the number %s", c)
		}
		v = reflect.ValueOf(i)
	case constant.Float:
		f, _ := constant.Float64Val(c)
		v = reflect.ValueOf(f)
	default:
		return v, e.unknown(at, "an unexpected constant")
	}
	return e.convert(at, v, want)
}

func (e *evaluator) unary(x *ast.UnaryExpr, want reflect.Type) (reflect.Value, error) {
	switch x.Op {
	case token.SUB:
		if lit, ok := x.X.(*ast.BasicLit); ok {
			c := constant.MakeFromLiteral(lit.Value, lit.Kind, 0)
			return e.constant(x, constant.UnaryOp(token.SUB, c, 0), want)
		}
	case token.AND:
		v, err := e.eval(x.X, nil)
		if err != nil {
			return v, err
		}
		return pointerTo(v), nil
	}
	return reflect.Value{}, e.unknown(x, "an unexpected operator %s", x.Op)
}

func pointerTo(v reflect.Value) reflect.Value {
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	return p
}

// namedConstant returns the value of a constant of the project, which +default=ref(...) may refer to.
func (e *evaluator) namedConstant(x *ast.SelectorExpr, want reflect.Type) (reflect.Value, error) {
	name := e.qualified(x)
	pkg := e.upstream.Universe[name.Package]
	if pkg == nil || pkg.Constants[name.Name] == nil || pkg.Constants[name.Name].ConstValue == nil {
		return reflect.Value{}, e.unknown(x, "the value of %s", name)
	}
	decl := pkg.Constants[name.Name]
	t := decl.Underlying
	for t.Kind == types.Alias {
		t = t.Underlying
	}
	text := *decl.ConstValue
	switch t.Name.Name {
	case "string", "untyped string":
		return e.constant(x, constant.MakeString(text), want)
	case "bool", "untyped bool":
		return e.constant(x, constant.MakeBool(text == "true"), want)
	}
	kind := token.INT
	if _, err := strconv.ParseInt(text, 10, 64); err != nil {
		kind = token.FLOAT
	}
	return e.constant(x, constant.MakeFromLiteral(text, kind, 0), want)
}

// literal returns the value of a composite literal. want is the type of a literal inside another one.
func (e *evaluator) literal(x *ast.CompositeLit, want reflect.Type) (reflect.Value, error) {
	t := want
	if x.Type != nil {
		var err error
		if t, err = e.typeOf(x.Type); err != nil {
			return reflect.Value{}, err
		}
	}
	if t == nil {
		return reflect.Value{}, e.unknown(x, "a literal without a type")
	}
	v := reflect.New(t).Elem()
	switch t.Kind() {
	case reflect.Map:
		v.Set(reflect.MakeMapWithSize(t, len(x.Elts)))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(t, 0, len(x.Elts)))
	}
	for _, elt := range x.Elts {
		if err := e.element(v, elt); err != nil {
			return v, err
		}
	}
	return v, nil
}

// element sets one element of a composite literal in its value.
func (e *evaluator) element(v reflect.Value, elt ast.Expr) error {
	pair, isPair := elt.(*ast.KeyValueExpr)
	switch {
	case v.Kind() == reflect.Slice && !isPair:
		elem, err := e.eval(elt, v.Type().Elem())
		if err == nil {
			v.Set(reflect.Append(v, elem))
		}
		return err
	case v.Kind() == reflect.Map && isPair:
		key, err := e.eval(pair.Key, v.Type().Key())
		if err != nil {
			return err
		}
		elem, err := e.eval(pair.Value, v.Type().Elem())
		if err == nil {
			v.SetMapIndex(key, elem)
		}
		return err
	case v.Kind() == reflect.Struct && isPair:
		name, ok := pair.Key.(*ast.Ident)
		if !ok || !v.FieldByName(name.Name).IsValid() {
			return e.unknown(pair, "a field that this release does not know")
		}
		field := v.FieldByName(name.Name)
		elem, err := e.eval(pair.Value, field.Type())
		if err == nil {
			field.Set(elem)
		}
		return err
	}
	return e.unknown(elt, "an unexpected element of a literal")
}

// call returns the value of a call in openapi-gen's output.
func (e *evaluator) call(x *ast.CallExpr) (reflect.Value, error) {
	switch f := x.Fun.(type) {
	case *ast.Ident: // ref(name), schema_...(ref)
		if f.Name != "ref" {
			return e.callLocal(x, f.Name)
		}
		if len(x.Args) == 1 {
			name, err := e.eval(x.Args[0], evaluatedTypes["string"])
			if err != nil {
				return name, err
			}
			return reflect.ValueOf(definitionRef(name.String())), nil
		}
	case *ast.IndexExpr: // ptr.To[float64](1)
		if s, ok := f.X.(*ast.SelectorExpr); ok && e.qualified(s).String() == "k8s.io/utils/ptr.To" && len(x.Args) == 1 {
			t, err := e.typeOf(f.Index)
			if err != nil {
				return reflect.Value{}, err
			}
			v, err := e.eval(x.Args[0], t)
			if err != nil {
				return v, err
			}
			return pointerTo(v), nil
		}
	case *ast.SelectorExpr:
		if lit, ok := f.X.(*ast.CompositeLit); ok { // v1.Time{}.OpenAPISchemaType()
			return e.method(lit, f.Sel.Name)
		}
		if known, ok := evaluatedFuncs[e.qualified(f).String()]; ok {
			return e.callKnown(known, x.Args)
		}
	}
	return reflect.Value{}, e.unknown(x, "an unexpected call")
}

func (e *evaluator) callKnown(f reflect.Value, exprs []ast.Expr) (reflect.Value, error) {
	args := make([]reflect.Value, len(exprs))
	for i, expr := range exprs {
		var err error
		if args[i], err = e.eval(expr, f.Type().In(i)); err != nil {
			return reflect.Value{}, err
		}
	}
	return f.Call(args)[0], nil
}

// method calls a method of a type's zero value.
func (e *evaluator) method(lit *ast.CompositeLit, method string) (reflect.Value, error) {
	s, ok := lit.Type.(*ast.SelectorExpr)
	if !ok {
		return reflect.Value{}, e.unknown(lit, "a method of an unexpected type")
	}
	name := e.qualified(s)
	if receiver, ok := evaluatedReceivers[name.String()]; ok {
		if m := receiver.MethodByName(method); m.IsValid() && m.Type().NumIn() == 0 && m.Type().NumOut() == 1 {
			return m.Call(nil)[0], nil
		}
	}
	pkg := e.upstream.Universe[name.Package]
	if method == "OpenAPIModelName" && pkg != nil && pkg.Types[name.Name] != nil && pkg.Types[name.Name].Methods[method] == nil {
		return reflect.ValueOf(e.upstream.ModelName(pkg.Types[name.Name])), nil
	}
	return reflect.Value{}, e.unknown(lit, "%s.%s is written by hand", name, method)
}
