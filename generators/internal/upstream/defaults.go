package upstream

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strconv"

	"golang.org/x/tools/go/ast/astutil"
	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/internal/apis"
)

const defaultsFile = "zz_generated.defaults.go"

// mapsAsLists returns the fields of a struct, with lists instead of maps of structs. defaulter-gen ignores the values of maps, and generates
// loops over lists, which completeDefaults converts into loops over the maps.
func mapsAsLists(t *types.Type) []types.Member {
	out := slices.Clone(t.Members)
	for i, m := range out {
		if values := apis.Unalias(m.Type); values.Kind == types.Map && apis.Resolve(values.Elem).Kind == types.Struct {
			out[i].Type = &types.Type{Kind: types.Slice, Elem: values.Elem}
		}
	}
	return out
}

// completeDefaults corrects the output of defaulter-gen, which compares all values that have a default with nil, even structs. It compares
// structs with their zero value. It also stores the values of maps, which can only be modified in a copy.
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
	// edits lists the changes of the source.
	edits []edit
	// reflects means that an edit uses the package reflect.
	reflects bool
}

// An edit replaces a part of the source.
type edit struct {
	start, end int
	text       string
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
	d.removeImports(file)
	return d.edited(file), nil
}

// inspect records the types of variables, and corrects comparisons of structs with nil and loops over maps.
func (d *defaults) inspect(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.AssignStmt:
		if name, ok := n.Lhs[0].(*ast.Ident); ok && n.Tok == token.DEFINE && len(n.Rhs) == 1 {
			d.vars[name.Name] = d.typeOf(n.Rhs[0])
		}
	case *ast.BinaryExpr:
		null, ok := n.Y.(*ast.Ident)
		if t := d.typeOf(n.X); ok && null.Name == "nil" && n.Op == token.EQL && t != nil && apis.Unalias(t).Kind == types.Struct {
			d.compare(n, apis.Unalias(t))
		}
	case *ast.RangeStmt:
		if t := d.typeOf(n.X); t != nil && apis.Resolve(t).Kind == types.Map {
			d.store(n)
		}
	}
	return true
}

// compare makes a comparison of a struct with nil a comparison with its zero value.
func (d *defaults) compare(n *ast.BinaryExpr, of *types.Type) {
	zero := d.text(n.X) + ".IsZero()"
	if of.Methods["IsZero"] == nil {
		zero, d.reflects = "reflect.ValueOf("+d.text(n.X)+").IsZero()", true
	}
	d.replace(n.Pos(), n.End(), zero)
}

// store makes a loop over a map of structs modify a copy of each value, and store it. It leaves loops over maps of pointers as they are.
func (d *defaults) store(n *ast.RangeStmt) {
	first, ok := n.Body.List[0].(*ast.AssignStmt)
	if !ok {
		return
	}
	if address, ok := first.Rhs[0].(*ast.UnaryExpr); ok && address.Op == token.AND {
		d.replace(n.Key.End(), n.Key.End(), ", value")
		d.replace(address.X.Pos(), address.X.End(), "value")
		d.replace(n.Body.Rbrace, n.Body.Rbrace, d.text(address.X)+" = value\n")
	}
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

// removeImports removes imports that are not used.
func (d *defaults) removeImports(file *ast.File) {
	for _, spec := range file.Imports {
		if imported, err := strconv.Unquote(spec.Path.Value); err == nil && !astutil.UsesImport(file, imported) {
			d.replace(spec.Pos(), spec.End(), "")
		}
	}
}

func (d *defaults) offset(p token.Pos) int { return d.fset.Position(p).Offset }

func (d *defaults) text(n ast.Node) string {
	return string(d.source[d.offset(n.Pos()):d.offset(n.End())])
}

func (d *defaults) replace(start, end token.Pos, text string) {
	d.edits = append(d.edits, edit{d.offset(start), d.offset(end), text})
}

// edited returns the source with all edits, and with the import that they need.
func (d *defaults) edited(file *ast.File) []byte {
	if d.reflects {
		first := file.Imports[0].Pos() // encoding/json is always imported
		d.replace(first, first, "\"reflect\"\n")
	}
	slices.SortStableFunc(d.edits, func(a, b edit) int { return cmp.Compare(a.start, b.start) })
	var out []byte
	at := 0
	for _, e := range d.edits {
		out = append(append(out, d.source[at:e.start]...), e.text...)
		at = e.end
	}
	return append(out, d.source[at:]...)
}
