// Package markers knows the markers of API types: where they stand, what they are called, what they may be set to, and what
// becomes of each in a server of its own. A marker is a comment line such as +kubebuilder:resource:path=apples, which
// upstream's generators pass over when they don't know it; here it is an error, with its place and a remedy.
package markers

import (
	"go/ast"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// A Target is what a marker is on.
type Target string

// The targets. What is on nothing is read by no generator.
const (
	Nothing Target = "nothing"
	Package Target = "package"
	Type    Target = "type"
	Field   Target = "field"
	Func    Target = "function"
)

// A Marker is one comment line that begins with a plus sign and a letter, or was meant to.
type Marker struct {
	// Pos is where the comment begins.
	Pos token.Position
	// Text is the line from the plus sign on.
	Text string
	// On is what the marker is on, Name the type or function, and Fields what of the type: several, if one line declares them.
	On     Target
	Name   string
	Fields []string
	// Block says that the comment is of the form /* */, which not all generators read.
	Block bool
}

// Read returns the markers of a file in their order. A type's are in the comment right above it or in the one before, with an
// empty line between; a field's and a function's in the one right above; a package's anywhere else in doc.go.
func Read(fset *token.FileSet, file *ast.File) []Marker {
	owners := map[*ast.CommentGroup]Marker{}
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
			owners[decl.Doc] = Marker{On: Func, Name: decl.Name.Name}
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
	var out []Marker
	isDoc := filepath.Base(fset.Position(file.Package).Filename) == "doc.go"
	for _, group := range file.Comments {
		owner, ok := owners[group]
		switch {
		case ok:
		case isDoc && !inside(group):
			owner.On = Package
		default:
			owner.On = Nothing
		}
		out = append(out, linesOf(fset, group, owner)...)
	}
	return out
}

// ownTypes notes which comments are those of the types in decl, and of their fields.
func ownTypes(decl *ast.GenDecl, owners map[*ast.CommentGroup]Marker, detachedAbove func(token.Pos) *ast.CommentGroup) {
	for _, spec := range decl.Specs {
		spec, ok := spec.(*ast.TypeSpec)
		if !ok {
			if owners[decl.Doc].On == "" {
				owners[decl.Doc] = Marker{On: Nothing}
			}
			continue
		}
		doc, above := spec.Doc, spec.Pos()
		if doc == nil && decl.Lparen == token.NoPos {
			doc, above = decl.Doc, decl.Pos()
		}
		owner := Marker{On: Type, Name: spec.Name.Name}
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
				owners[field.Doc] = Marker{On: Field, Name: spec.Name.Name, Fields: FieldNames(field)}
			}
		}
	}
}

// FieldNames are the names of what a declaration in a struct declares. An embedded field goes by the name of its type.
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

// linesOf are the markers in a comment, which belong to owner.
func linesOf(fset *token.FileSet, group *ast.CommentGroup, owner Marker) []Marker {
	var out []Marker
	for _, comment := range group.List {
		body, block := strings.CutPrefix(comment.Text, "/*")
		if !block {
			body = strings.TrimPrefix(comment.Text, "//")
		}
		for _, text := range strings.Split(strings.TrimSuffix(body, "*/"), "\n") {
			text = strings.TrimSpace(text)
			if name, ok := strings.CutPrefix(text, "+"); ok && name != "" && (unicode.IsLetter(rune(name[0])) || family(strings.TrimSpace(name))) {
				m := owner
				m.Pos, m.Text, m.Block = fset.Position(comment.Pos()), text, block
				out = append(out, m)
			}
		}
	}
	return out
}

// Value is what follows "+name=" in the first of the markers that has it.
func Value(all []Marker, name string) string {
	for _, m := range all {
		if v, ok := strings.CutPrefix(m.Text, "+"+name+"="); ok {
			return v
		}
	}
	return ""
}

// Has says whether one of the markers is exactly text, such as "+genclient".
func Has(all []Marker, text string) bool {
	return slices.ContainsFunc(all, func(m Marker) bool { return m.Text == text })
}
