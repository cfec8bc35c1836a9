// Package comments reads the markers in the comments of Go files.
package comments

import (
	"go/ast"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/apiserver-builder/builder/generators/internal/markers"
)

// Read returns the markers of a file in source order. The markers of a type are in the comment directly above it or, separated by an empty
// line, in the comment above that. The markers of a field or function are in the comment directly above it. All other comments in doc.go
// belong to the package.
func Read(fset *token.FileSet, file *ast.File) []markers.Marker {
	var out []markers.Marker
	for _, m := range read(fset, file) {
		out = append(out, m.Marker)
	}
	return out
}

// Drop empties the comments that contain markers for which mistaken returns true. Positions do not change.
func Drop(fset *token.FileSet, file *ast.File, mistaken func(markers.Marker) bool) {
	for _, m := range read(fset, file) {
		if mistaken(m.Marker) && !m.Block {
			m.comment.Text = "//"
		}
	}
}

// A marker is a marker with the comment that contains it.
type marker struct {
	markers.Marker
	comment *ast.Comment
}

func read(fset *token.FileSet, file *ast.File) []marker {
	owners := map[*ast.CommentGroup]markers.Marker{}
	line := func(pos token.Pos) int { return fset.Position(pos).Line }
	byLastLine := map[int]*ast.CommentGroup{}
	for _, group := range file.Comments {
		byLastLine[line(group.End())] = group
	}
	inside := func(group *ast.CommentGroup) bool {
		return slices.ContainsFunc(file.Decls, func(d ast.Decl) bool { return d.Pos() < group.Pos() && group.Pos() < d.End() })
	}
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			owners[decl.Doc] = markers.Marker{On: markers.Func, Name: decl.Name.Name}
		case *ast.GenDecl:
			ownTypes(decl, owners, func(above token.Pos) *ast.CommentGroup {
				detached := byLastLine[line(above)-2]
				if detached == nil || detached == file.Doc || inside(detached) != decl.Lparen.IsValid() {
					return nil
				}
				return detached
			})
		}
	}
	var out []marker
	isDoc := filepath.Base(fset.Position(file.Package).Filename) == "doc.go"
	for _, group := range file.Comments {
		owner, ok := owners[group]
		switch {
		case ok:
		case isDoc && !inside(group):
			owner.On = markers.Package
		default:
			owner.On = markers.Nothing
		}
		out = append(out, linesOf(fset, group, owner)...)
	}
	return out
}

// ownTypes records the types in decl, and their fields, as the owners of their comments.
func ownTypes(decl *ast.GenDecl, owners map[*ast.CommentGroup]markers.Marker, detachedAbove func(token.Pos) *ast.CommentGroup) {
	for _, spec := range decl.Specs {
		spec, ok := spec.(*ast.TypeSpec)
		if !ok {
			if owners[decl.Doc].On == "" {
				owners[decl.Doc] = markers.Marker{On: markers.Nothing}
			}
			continue
		}
		doc, above := spec.Doc, spec.Pos()
		if doc == nil && decl.Lparen == token.NoPos {
			doc, above = decl.Doc, decl.Pos()
		}
		owner := markers.Marker{On: markers.Type, Name: spec.Name.Name}
		if doc != nil {
			owners[doc], above = owner, doc.Pos()
		}
		if detached := detachedAbove(above); detached != nil && owners[detached].On == "" {
			owners[detached] = owner
		}
		fields, ok := spec.Type.(*ast.StructType)
		if !ok {
			continue
		}
		for _, field := range fields.Fields.List {
			if field.Doc != nil {
				owners[field.Doc] = markers.Marker{On: markers.Field, Name: spec.Name.Name, Fields: FieldNames(field)}
			}
		}
	}
}

// FieldNames returns the names that a field declaration declares. The name of an embedded field is the name of its type.
func FieldNames(field *ast.Field) []string {
	if len(field.Names) == 0 {
		return []string{embeddedName(field.Type)}
	}
	names := make([]string, len(field.Names))
	for i, ident := range field.Names {
		names[i] = ident.Name
	}
	return names
}

func embeddedName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return embeddedName(e.X)
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.IndexExpr:
		return embeddedName(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// linesOf returns the markers in a comment that belongs to owner.
func linesOf(fset *token.FileSet, group *ast.CommentGroup, owner markers.Marker) []marker {
	var out []marker
	for _, comment := range group.List {
		body, block := strings.CutPrefix(comment.Text, "/*")
		if !block {
			body = strings.TrimPrefix(comment.Text, "//")
		}
		for _, text := range strings.Split(strings.TrimSuffix(body, "*/"), "\n") {
			text = strings.TrimSpace(text)
			if name, ok := strings.CutPrefix(text, "+"); ok && name != "" && (unicode.IsLetter(rune(name[0])) || markers.Family(strings.TrimSpace(name))) {
				m := marker{owner, comment}
				m.Pos, m.Text, m.Block = fset.Position(comment.Pos()), text, block
				out = append(out, m)
			}
		}
	}
	return out
}
