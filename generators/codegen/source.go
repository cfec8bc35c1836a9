package codegen

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

	"github.com/apiserver-builder/builder/generators/markers"
)

// source is the syntax of the API packages' hand-written files. gengo parses them too, but keeps their positions to itself.
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

// parse parses the API packages and gathers all their syntax errors.
func parse(o *Options) (*source, Diagnostics) {
	src := &source{options: o, fset: token.NewFileSet(), packages: map[string]*sourcePackage{}}
	var problems Diagnostics
	for _, api := range o.APIs {
		pkg := &sourcePackage{path: api.Package, types: map[string]*ast.TypeSpec{}}
		src.packages[api.Package] = pkg
		problems = append(problems, src.parsePackage(pkg)...)
	}
	return src, problems
}

// addReferenced parses a package of the project that is no API.
func (s *source) addReferenced(path string) Diagnostics {
	if s.packages[path] != nil {
		return nil
	}
	s.packages[path] = &sourcePackage{path: path, types: map[string]*ast.TypeSpec{}}
	return s.parsePackage(s.packages[path])
}

func (s *source) parsePackage(pkg *sourcePackage) Diagnostics {
	var problems Diagnostics
	dir := s.options.dir(pkg.path)
	names, err := goFiles(dir)
	if err != nil || len(names) == 0 {
		problems.add(token.Position{}, "%s: no Go files that were written by hand, but the project declares an API there: put back its doc.go", s.options.rel(dir))
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
				problems.add(s.relative(e.Pos), "syntax error: %s", e.Msg)
			}
		case err != nil:
			pkg.broken = true
			problems.add(token.Position{Filename: s.options.rel(filepath.Join(dir, name))}, "%s", reason(err))
		default:
			pkg.add(file)
			for _, m := range markers.Read(s.fset, file) {
				m.Pos = s.relative(m.Pos)
				pkg.markers = append(pkg.markers, m)
			}
		}
	}
	return problems
}

// reason is an error without the path that the position already tells.
func reason(err error) string {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err.Error()
	}
	return err.Error()
}

// goFiles are the names of the files in a package's folder that the loader takes with the tag that hides generated code.
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
		// A file whose head can't be read is taken, so that the parser says what is wrong with it.
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
		pos.Filename = s.options.rel(pos.Filename)
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

// fieldNamed is what names the field in its declaration, or nil if the declaration is of other fields.
func fieldNamed(f *ast.Field, name string) ast.Node {
	i := slices.Index(markers.FieldNames(f), name)
	switch {
	case i < 0:
		return nil
	case len(f.Names) == 0:
		return f.Type
	}
	return f.Names[i]
}
