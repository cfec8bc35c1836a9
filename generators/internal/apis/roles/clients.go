package roles

import (
	"go/ast"
	stdpath "path"
	"slices"
	"strconv"
)

const clientPackage = "sigs.k8s.io/controller-runtime/pkg/client"

// addClients adds the struct types of a file that have the field Client client.Client.
func addClients(clients map[string]bool, file *ast.File) {
	imported := importName(file, clientPackage)
	if imported == "" {
		return
	}
	for _, decl := range file.Decls {
		d, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range d.Specs {
			if t, ok := spec.(*ast.TypeSpec); ok && hasClient(t, imported) {
				clients[t.Name.Name] = true
			}
		}
	}
}

// hasClient reports whether a type is a struct with the field Client of the type Client in the imported package.
func hasClient(t *ast.TypeSpec, imported string) bool {
	s, ok := t.Type.(*ast.StructType)
	return ok && slices.ContainsFunc(s.Fields.List, func(field *ast.Field) bool {
		selector, ok := field.Type.(*ast.SelectorExpr)
		if !ok || selector.Sel.Name != "Client" {
			return false
		}
		from, ok := selector.X.(*ast.Ident)
		return ok && from.Name == imported && (len(field.Names) == 0 ||
			slices.ContainsFunc(field.Names, func(name *ast.Ident) bool { return name.Name == "Client" }))
	})
}

// importName returns the name of an imported package in a file, or "" if the file does not import it. The last element of its path is the
// package's own name.
func importName(file *ast.File, path string) string {
	for _, spec := range file.Imports {
		if value, err := strconv.Unquote(spec.Path.Value); err != nil || value != path {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return stdpath.Base(path)
	}
	return ""
}
