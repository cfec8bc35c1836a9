package apis

import (
	"errors"
	"go/ast"
	"go/build"
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/gengo/v2"
	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/diagnostics"
	"github.com/apiserver-builder/builder/generators/internal/markers"

	"github.com/apiserver-builder/builder/generators/internal/apis/comments"
)

// source is the syntax of the hand-written files of the API packages. gengo also parses them, but does not expose positions.
type source struct {
	options  *Options
	fset     *token.FileSet
	packages map[string]*sourcePackage // by import path
}

type sourcePackage struct {
	path    string
	files   []*ast.File
	types   map[string]*ast.TypeSpec
	markers []markers.Marker
	broken  bool // a file has a syntax error
}

// parse parses the API packages and returns all their syntax errors.
func parse(o *Options) (*source, diagnostics.List) {
	src := &source{options: o, fset: token.NewFileSet(), packages: map[string]*sourcePackage{}}
	var problems diagnostics.List
	for _, api := range o.APIs {
		pkg := &sourcePackage{path: api.Package, types: map[string]*ast.TypeSpec{}}
		src.packages[api.Package] = pkg
		problems = append(problems, src.parsePackage(pkg)...)
	}
	return src, problems
}

// addReferenced parses a package of the project that is not an API package.
func (s *source) addReferenced(path string) diagnostics.List {
	if s.packages[path] != nil {
		return nil
	}
	s.packages[path] = &sourcePackage{path: path, types: map[string]*ast.TypeSpec{}}
	return s.parsePackage(s.packages[path])
}

func (s *source) parsePackage(pkg *sourcePackage) diagnostics.List {
	var problems diagnostics.List
	dir := s.options.Folder(pkg.path)
	names, err := goFiles(dir)
	if err != nil || len(names) == 0 {
		problems.Add(token.Position{}, "%s: no Go files that were written by hand, but the project declares an API there: put back its doc.go", s.options.Relative(dir))
		pkg.broken = true
		return problems
	}
	for _, name := range names {
		file, err := parser.ParseFile(s.fset, filepath.Join(dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		var syntax scanner.ErrorList
		switch {
		case errors.As(err, &syntax):
			pkg.broken = true
			syntax.RemoveMultiples()
			for _, e := range syntax {
				problems.Add(s.relative(e.Pos), "syntax error: %s", e.Msg)
			}
		case err != nil:
			pkg.broken = true
			problems.Add(token.Position{Filename: s.options.Relative(filepath.Join(dir, name))}, "%s", reason(err))
		default:
			pkg.add(file)
			for _, m := range comments.Read(s.fset, file) {
				m.Pos = s.relative(m.Pos)
				pkg.markers = append(pkg.markers, m)
			}
		}
	}
	return problems
}

// reason returns the message of an error without the path, which the diagnostic's position contains.
func reason(err error) string {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err.Error()
	}
	return err.Error()
}

// goFiles returns the names of the files in a package's folder that belong to the package when the tag is set that excludes generated code.
func goFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	ctx := build.Default
	ctx.BuildTags = append(slices.Clone(ctx.BuildTags), gengo.StdBuildTag)
	var names []string
	for _, e := range entries {
		if e.IsDir() || !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		// If the build constraint cannot be read, include the file, so that the parser reports the error.
		if ok, err := ctx.MatchFile(dir, e.Name()); ok || err != nil {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

func (p *sourcePackage) add(file *ast.File) {
	p.files = append(p.files, file)
	for _, decl := range file.Decls {
		if gen, ok := decl.(*ast.GenDecl); ok && gen.Tok == token.TYPE {
			for _, spec := range gen.Specs {
				if t, ok := spec.(*ast.TypeSpec); ok {
					p.types[t.Name.Name] = t
				}
			}
		}
	}
}

func (s *source) relative(pos token.Position) token.Position {
	if pos.Filename != "" {
		pos.Filename = s.options.Relative(pos.Filename)
	}
	return pos
}

func (s *source) at(pos token.Pos) token.Position { return s.relative(s.fset.Position(pos)) }

func (s *source) packagePosition(path string) token.Position {
	pkg := s.packages[path]
	if pkg == nil || len(pkg.files) == 0 {
		return token.Position{}
	}
	clause := pkg.files[0].Package
	for _, f := range pkg.files {
		if filepath.Base(s.fset.Position(f.Package).Filename) == "doc.go" {
			clause = f.Package
		}
	}
	return s.at(clause)
}

func (s *source) position(name types.Name, field string) token.Position {
	pkg := s.packages[name.Package]
	if pkg == nil || pkg.types[name.Name] == nil {
		return token.Position{}
	}
	spec := pkg.types[name.Name]
	if field == "" {
		return s.at(spec.Name.Pos())
	}
	if st, ok := spec.Type.(*ast.StructType); ok {
		for _, f := range st.Fields.List {
			if ident := fieldNamed(f, field); ident != nil {
				return s.at(ident.Pos())
			}
		}
	}
	return s.at(spec.Name.Pos())
}

// literal reports whether the declaration of a type lists its fields.
func (s *source) literal(name types.Name) bool {
	pkg := s.packages[name.Package]
	if pkg == nil || pkg.types[name.Name] == nil {
		return false
	}
	_, ok := pkg.types[name.Name].Type.(*ast.StructType)
	return ok
}

// fieldNamed returns the node that names the field in a declaration, or nil if the declaration does not declare it.
func fieldNamed(f *ast.Field, name string) ast.Node {
	i := slices.Index(comments.FieldNames(f), name)
	switch {
	case i < 0:
		return nil
	case len(f.Names) == 0:
		return f.Type
	}
	return f.Names[i]
}
