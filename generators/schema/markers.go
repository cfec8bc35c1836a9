package schema

import (
	"go/ast"
	"go/token"
	"strings"

	"k8s.io/gengo/v2/types"
)

// A Marker is one comment line that starts with a plus sign.
type Marker struct {
	// Pos is where the plus sign is. Its Filename is slash-separated and relative to the project's folder.
	Pos token.Position
	// Text is the line from the plus sign on: +optional.
	Text string
}

// packageMarkers are a package's markers by the name of the type and, where they are a field's, of the field: Apple, Apple.Spec.
type packageMarkers map[string][]Marker

// Markers are those of a type of an API package or, if a field is named, of that field of it; one that is embedded goes by the name of
// its type. They are in the comment right above it, or in those before, separated by an empty line.
func (s *Schemas) Markers(name types.Name, field string) []Marker {
	key := name.Name
	if field != "" {
		key += "." + field
	}
	return s.markers[name.Package][key]
}

// markersOf reads the markers of all types and fields in the files.
func markersOf(fset *token.FileSet, dir string, files []*ast.File) packageMarkers {
	out := packageMarkers{}
	for _, file := range files {
		r := markerReader{fset: fset, dir: dir, file: file}
		end := file.Name.End()
		for _, decl := range file.Decls {
			if gen, ok := decl.(*ast.GenDecl); ok && gen.Tok == token.TYPE {
				for _, spec := range gen.Specs {
					spec := spec.(*ast.TypeSpec)
					out[spec.Name.Name] = r.between(end, spec.Pos())
					if st, ok := spec.Type.(*ast.StructType); ok {
						r.fields(out, spec.Name.Name, st)
					}
					end = spec.End()
				}
			}
			end = decl.End()
		}
	}
	return out
}

type markerReader struct {
	fset *token.FileSet
	dir  string
	file *ast.File
}

func (r markerReader) fields(out packageMarkers, owner string, st *ast.StructType) {
	end := st.Fields.Opening
	for _, field := range st.Fields.List {
		found := r.between(end, field.Pos())
		names := field.Names
		if len(names) == 0 {
			names = []*ast.Ident{embedded(field.Type)}
		}
		for _, name := range names {
			out[owner+"."+name.Name] = found
		}
		end = field.End()
	}
}

// between reads the markers after one declaration, but for a comment on its last line, and before the next.
func (r markerReader) between(start, end token.Pos) []Marker {
	var out []Marker
	line := r.fset.Position(start).Line
	for _, group := range r.file.Comments {
		if group.Pos() < start || group.End() > end || r.fset.Position(group.Pos()).Line == line {
			continue
		}
		for _, comment := range group.List {
			text := strings.TrimSpace(strings.TrimPrefix(comment.Text, "//"))
			if !strings.HasPrefix(comment.Text, "//") || !strings.HasPrefix(text, "+") {
				continue
			}
			pos := r.fset.Position(comment.Pos() + token.Pos(strings.Index(comment.Text, "+")))
			pos.Filename = relative(r.dir, pos.Filename)
			out = append(out, Marker{Pos: pos, Text: text})
		}
	}
	return out
}

// embedded is the name that an embedded field goes by.
func embedded(e ast.Expr) *ast.Ident {
	switch e := e.(type) {
	case *ast.Ident:
		return e
	case *ast.StarExpr:
		return embedded(e.X)
	case *ast.SelectorExpr:
		return e.Sel
	case *ast.IndexExpr:
		return embedded(e.X)
	}
	return ast.NewIdent("_")
}
