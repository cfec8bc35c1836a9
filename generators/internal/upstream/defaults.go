package upstream

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/ast/astutil"
	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/internal/apis"
)

const defaultsFile = "zz_generated.defaults.go"

// completeDefaults corrects the output of defaulter-gen, which compares all values that have a default with nil, even structs. It compares
// structs with their zero value.
func (u *upstream) completeDefaults(raw map[string][]byte) error {
	for _, api := range u.APIs {
		name := path.Join(u.Relative(u.Folder(api.Package)), defaultsFile)
		source, ok := raw[name]
		if !ok {
			continue
		}
		d := &defaults{pkg: u.Universe[api.Package], source: source, fset: token.NewFileSet()}
		completed, err := d.complete()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		raw[name] = completed
	}
	return nil
}

// A defaults corrects one file.
type defaults struct {
	pkg    *types.Package
	source []byte
	fset   *token.FileSet
	// vars contains the types of the most recently declared variables.
	vars map[string]*types.Type
	// nils lists the comparisons of structs with nil.
	nils []comparison
}

// A comparison compares a struct of a type with nil.
type comparison struct {
	*ast.BinaryExpr
	of *types.Type
}

func (d *defaults) complete() ([]byte, error) {
	file, err := parser.ParseFile(d.fset, "", d.source, 0)
	if err != nil {
		return nil, err
	}
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || len(f.Type.Params.List) != 1 {
			continue
		}
		param := f.Type.Params.List[0]
		if pointer, ok := param.Type.(*ast.StarExpr); ok {
			if named, ok := pointer.X.(*ast.Ident); ok && len(param.Names) == 1 {
				d.vars = map[string]*types.Type{param.Names[0].Name: d.pkg.Types[named.Name]}
				ast.Inspect(f.Body, d.inspect)
			}
		}
	}
	return d.replace(file), nil
}

// inspect records the types of variables, and comparisons of structs with nil.
func (d *defaults) inspect(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.AssignStmt:
		if name, ok := n.Lhs[0].(*ast.Ident); ok && n.Tok == token.DEFINE && len(n.Rhs) == 1 {
			d.vars[name.Name] = d.typeOf(n.Rhs[0])
		}
	case *ast.BinaryExpr:
		null, ok := n.Y.(*ast.Ident)
		if t := d.typeOf(n.X); ok && null.Name == "nil" && n.Op == token.EQL && t != nil && apis.Unalias(t).Kind == types.Struct {
			d.nils = append(d.nils, comparison{n, apis.Unalias(t)})
		}
	}
	return true
}

// typeOf returns the type of an expression in an object with defaults, or nil for other expressions.
func (d *defaults) typeOf(e ast.Expr) *types.Type {
	switch e := e.(type) {
	case *ast.Ident:
		return d.vars[e.Name]
	case *ast.UnaryExpr:
		if t := d.typeOf(e.X); t != nil && e.Op == token.AND {
			return &types.Type{Kind: types.Pointer, Elem: t}
		}
	case *ast.IndexExpr:
		if t := d.typeOf(e.X); t != nil {
			return apis.Resolve(t).Elem
		}
	case *ast.SelectorExpr:
		t := d.typeOf(e.X)
		if t == nil {
			return nil
		}
		members := apis.Resolve(t).Members
		if i := slices.IndexFunc(members, func(m types.Member) bool { return m.Name == e.Sel.Name }); i >= 0 {
			return members[i].Type
		}
	}
	return nil
}

// replace returns the source with corrected comparisons, with the import that they need, and without imports that are not used: defaulter-gen
// imports the packages of types in maps, although it sets no defaults there.
func (d *defaults) replace(file *ast.File) []byte {
	var out strings.Builder
	at, reflects := 0, false
	offset := func(p token.Pos) int { return d.fset.Position(p).Offset }
	for _, spec := range file.Imports {
		if imported, err := strconv.Unquote(spec.Path.Value); err == nil && !astutil.UsesImport(file, imported) {
			out.Write(d.source[at:offset(spec.Pos())])
			at = offset(spec.End())
		}
	}
	for _, n := range d.nils {
		value := string(d.source[offset(n.X.Pos()):offset(n.X.End())])
		zero := value + ".IsZero()"
		if n.of.Methods["IsZero"] == nil {
			zero, reflects = "reflect.ValueOf("+value+").IsZero()", true
		}
		out.Write(d.source[at:offset(n.Pos())])
		out.WriteString(zero)
		at = offset(n.End())
	}
	out.Write(d.source[at:])
	if !reflects {
		return []byte(out.String())
	}
	imports := offset(file.Imports[0].Pos()) // encoding/json is always imported
	return []byte(out.String()[:imports] + "\"reflect\"\n" + out.String()[imports:])
}
