package roles

import (
	"go/ast"
	stdpath "path"
	"slices"
	"strconv"
)

// The types of the fields.
const (
	clientPackage = "sigs.k8s.io/controller-runtime/pkg/client"
	clientType    = "Client"
	optionsType   = "Options"
	baseType      = "base"
)

// Fields are the fields of a reconciler that generated code sets. They may be embedded.
type Fields struct {
	// Client means that there is the field Client client.Client.
	Client bool
	// Options means that there is the field Options *Options.
	Options bool
}

// add adds the types of a file.
func (r *Reconcilers) add(file *ast.File) {
	imported := importName(file, clientPackage)
	for _, decl := range file.Decls {
		d, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range d.Specs {
			t, ok := spec.(*ast.TypeSpec)
			if !ok {
				continue
			}
			if t.Name.Name == optionsType {
				r.options = t
			}
			if fields := fieldsOf(t, imported); fields != (Fields{}) {
				r.Fields[t.Name.Name] = fields
			}
		}
	}
}

// fieldsOf returns the fields of a type that generated code sets. client is the name of the package of client.Client, or "".
func fieldsOf(t *ast.TypeSpec, client string) Fields {
	var found Fields
	s, ok := t.Type.(*ast.StructType)
	if !ok {
		return found
	}
	for _, field := range s.Fields.List {
		switch fieldType := field.Type.(type) {
		case *ast.SelectorExpr:
			from, ok := fieldType.X.(*ast.Ident)
			if ok && client != "" && from.Name == client && fieldType.Sel.Name == clientType && isNamed(field, clientType) {
				found.Client = true
			}
		case *ast.StarExpr:
			found.Options = found.Options || isOptions(fieldType) && isNamed(field, optionsType)
		}
	}
	return found
}

// embedsBase reports whether a type is a struct that embeds base.
func embedsBase(t *ast.TypeSpec) bool {
	s, ok := t.Type.(*ast.StructType)
	return ok && slices.ContainsFunc(s.Fields.List, func(field *ast.Field) bool {
		embedded, ok := field.Type.(*ast.Ident)
		return ok && len(field.Names) == 0 && embedded.Name == baseType
	})
}

// isOptions reports whether a type is *Options.
func isOptions(t ast.Expr) bool {
	pointer, ok := t.(*ast.StarExpr)
	if !ok {
		return false
	}
	to, ok := pointer.X.(*ast.Ident)
	return ok && to.Name == optionsType
}

// isNamed reports whether a field has a name, or is embedded.
func isNamed(field *ast.Field, name string) bool {
	return len(field.Names) == 0 || slices.ContainsFunc(field.Names, func(n *ast.Ident) bool { return n.Name == name })
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
