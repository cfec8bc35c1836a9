package schema

import (
	"go/ast"
	"go/token"
	"strconv"

	"golang.org/x/tools/go/ast/astutil"
	"sigs.k8s.io/controller-tools/pkg/loader"
)

// rewrite replaces types in a package's syntax that controller-tools cannot read, before type checking. any, error and unsafe.Pointer
// become interface{}, because controller-tools panics on types without a package. Aliases of types in other packages become those types.
// Parentheses are removed.
func rewrite(pkg *loader.Package) {
	aliases := foreignAliases(pkg)
	for _, file := range pkg.Syntax {
		for _, t := range typeSpecs(file) {
			t.Type = astutil.Apply(t.Type, func(c *astutil.Cursor) bool {
				switch n := c.Node().(type) {
				case *ast.SelectorExpr:
					if qualifier, ok := n.X.(*ast.Ident); ok && importedAs(pkg, file, qualifier.Name) == "unsafe" {
						c.Replace(emptyInterface(n.Pos()))
					}
					return false
				case *ast.Ident:
					switch {
					case c.Name() == "Names":
					case n.Name == "any" || n.Name == "error" || aliases[n.Name].path == "unsafe":
						c.Replace(emptyInterface(n.Pos()))
					case aliases[n.Name].path != "":
						c.Replace(aliases[n.Name].expr(file, n.Pos()))
					}
				}
				return true
			}, func(c *astutil.Cursor) bool {
				if paren, ok := c.Node().(*ast.ParenExpr); ok {
					c.Replace(paren.X)
				}
				return true
			}).(ast.Expr)
		}
	}
}

// emptyInterface returns the type interface{}.
func emptyInterface(pos token.Pos) ast.Expr {
	return &ast.InterfaceType{Interface: pos, Methods: &ast.FieldList{Opening: pos, Closing: pos}}
}

// A foreignType is a type of another package.
type foreignType struct{ path, name string }

// foreignAliases returns the types of other packages for which a package declares aliases, by alias.
func foreignAliases(pkg *loader.Package) map[string]foreignType {
	aliases, local := map[string]foreignType{}, map[string]string{}
	for _, file := range pkg.Syntax {
		for _, t := range typeSpecs(file) {
			switch of := t.Type.(type) {
			case *ast.Ident:
				if t.Assign.IsValid() {
					local[t.Name.Name] = of.Name
				}
			case *ast.SelectorExpr:
				if qualifier, ok := of.X.(*ast.Ident); ok && t.Assign.IsValid() {
					aliases[t.Name.Name] = foreignType{importedAs(pkg, file, qualifier.Name), of.Sel.Name}
				}
			}
		}
	}
	for name := range local {
		of := name
		for range local { // ends even if the aliases form a cycle
			if next, ok := local[of]; ok {
				of = next
			}
		}
		if foreign, ok := aliases[of]; ok {
			aliases[name] = foreign
		}
	}
	return aliases
}

// importedAs returns the path of the package that a file imports under a name, or "".
func importedAs(pkg *loader.Package, file *ast.File, name string) string {
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		switch imported := pkg.Imports()[path]; {
		case err != nil:
		case spec.Name != nil && spec.Name.Name == name, spec.Name == nil && imported != nil && imported.Name == name:
			return path
		}
	}
	return ""
}

// expr returns the expression for the type in a file, and adds an import for it.
func (f foreignType) expr(file *ast.File, pos token.Pos) ast.Expr {
	name := "alias_" + strconv.Itoa(len(file.Imports))
	spec := &ast.ImportSpec{Name: ast.NewIdent(name), Path: &ast.BasicLit{Kind: token.STRING, Value: strconv.Quote(f.path)}}
	file.Imports = append(file.Imports, spec)
	file.Decls = append([]ast.Decl{&ast.GenDecl{Tok: token.IMPORT, Specs: []ast.Spec{spec}}}, file.Decls...)
	return &ast.SelectorExpr{X: &ast.Ident{Name: name, NamePos: pos}, Sel: &ast.Ident{Name: f.name, NamePos: pos}}
}

func typeSpecs(file *ast.File) []*ast.TypeSpec {
	var out []*ast.TypeSpec
	for _, decl := range file.Decls {
		if types, ok := decl.(*ast.GenDecl); ok && types.Tok == token.TYPE {
			for _, spec := range types.Specs {
				out = append(out, spec.(*ast.TypeSpec))
			}
		}
	}
	return out
}
