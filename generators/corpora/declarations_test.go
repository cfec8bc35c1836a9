package corpora

import (
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/ast/astutil"
)

// declarations returns the files of a package without functions, variables, types that the roots do not refer to, and unused imports.
// Without roots, it keeps all types.
func declarations(t *testing.T, files map[string]string, roots []string) map[string]string {
	t.Helper()
	fset := token.NewFileSet()
	parsed := map[string]*ast.File{}
	types := map[string]ast.Decl{}
	for name, text := range files {
		file, err := parser.ParseFile(fset, name, text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		parsed[name] = file
		for _, decl := range file.Decls {
			if decl, ok := decl.(*ast.GenDecl); ok && decl.Tok == token.TYPE {
				types[decl.Specs[0].(*ast.TypeSpec).Name.Name] = decl
			}
		}
	}
	kept := map[string]bool{}
	for _, root := range roots {
		keep(types, root, kept)
	}
	out := map[string]string{}
	for name, file := range parsed {
		cut(fset, file, func(decl ast.Decl) bool {
			general, ok := decl.(*ast.GenDecl)
			return ok && general.Tok != token.VAR && (len(roots) == 0 || general.Tok == token.IMPORT || !refers(decl, func(name string) bool {
				return types[name] != nil && !kept[name]
			}))
		})
		var b strings.Builder
		if err := format.Node(&b, fset, file); err != nil {
			t.Fatal(err)
		}
		out[name] = b.String()
	}
	return out
}

// keep marks a type and everything that it refers to.
func keep(types map[string]ast.Decl, name string, kept map[string]bool) {
	if decl, ok := types[name]; ok && !kept[name] {
		kept[name] = true
		refers(decl, func(name string) bool { keep(types, name, kept); return false })
	}
}

// refers reports whether a declaration contains an identifier, other than the name of a field, for which these returns true.
func refers(decl ast.Decl, these func(name string) bool) bool {
	found := false
	ast.Inspect(decl, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			found = found || refersIn(n.Type, these)
			return false
		case *ast.Ident:
			found = found || these(n.Name)
		}
		return true
	})
	return found
}

func refersIn(expr ast.Expr, these func(name string) bool) bool {
	found := false
	ast.Inspect(expr, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr: // of another package
			return false
		case *ast.Ident:
			found = found || these(n.Name)
		}
		return true
	})
	return found
}

// cut removes declarations with their comments, and unused imports.
func cut(fset *token.FileSet, file *ast.File, stays func(ast.Decl) bool) {
	file.Decls = slices.DeleteFunc(file.Decls, func(decl ast.Decl) bool {
		if stays(decl) {
			return false
		}
		from := decl.Pos()
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Doc != nil {
				from = decl.Doc.Pos()
			}
		case *ast.GenDecl:
			if decl.Doc != nil {
				from = decl.Doc.Pos()
			}
		}
		to := fset.Position(decl.End()).Line // a comment may follow on this line
		file.Comments = slices.DeleteFunc(file.Comments, func(group *ast.CommentGroup) bool {
			return group.Pos() >= from && fset.Position(group.Pos()).Line <= to
		})
		return true
	})
	for _, spec := range slices.Clone(file.Imports) {
		path, alias := strings.Trim(spec.Path.Value, `"`), ""
		if spec.Name != nil {
			alias = spec.Name.Name
		}
		if !astutil.UsesImport(file, path) {
			astutil.DeleteNamedImport(fset, file, alias, path)
		}
	}
}
