package apis

import (
	"go/ast"
	"go/parser"
	"go/token"
	gotypes "go/types"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/apiserver-builder/builder/generators/diagnostics"
	"github.com/apiserver-builder/builder/internal/regular"
)

// Clashes reports identifiers in hand-written files that conflict with generated files of the same package: the generated code declares
// them, imports a package with that name, or uses the predeclared identifier. Keys of generated are paths relative to dir. Clashes is not
// for API packages, which CheckGenerated type-checks.
func Clashes(dir string, generated map[string][]byte) (diagnostics.List, error) {
	folders := map[string][]string{}
	for name := range generated {
		if folder := path.Dir(name); path.Ext(name) == ".go" {
			folders[folder] = append(folders[folder], name)
		}
	}
	var problems diagnostics.List
	for _, folder := range slices.Sorted(maps.Keys(folders)) {
		handwritten, err := readHandwritten(dir, folder)
		if err != nil {
			return nil, err
		}
		if len(handwritten) == 0 {
			continue
		}
		fset := token.NewFileSet()
		taken := map[string]string{}
		for _, name := range folders[folder] {
			if file, err := parser.ParseFile(fset, name, generated[name], parser.SkipObjectResolution); err == nil {
				reserve(taken, file)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(handwritten)) {
			file, err := parser.ParseFile(fset, name, handwritten[name], parser.SkipObjectResolution)
			if err != nil {
				continue // the compiler reports it
			}
			for _, ident := range declared(file) {
				if what := taken[file.Name.Name+"."+ident.Name]; what != "" {
					problems.Add(fset.Position(ident.Pos()), "%s", what)
				}
			}
		}
	}
	return problems, nil
}

// readHandwritten returns the hand-written Go files in a folder, by their path relative to dir.
func readHandwritten(dir, folder string) (map[string][]byte, error) {
	entries, err := os.ReadDir(filepath.Join(dir, filepath.FromSlash(folder)))
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	files := map[string][]byte{}
	for _, e := range entries {
		if e.IsDir() || path.Ext(e.Name()) != ".go" || strings.HasPrefix(e.Name(), "zz_generated.") {
			continue
		}
		name := path.Join(folder, e.Name())
		if files[name], err = regular.Read(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			return nil, err
		}
	}
	return files, nil
}

var majorVersion = regexp.MustCompile(`^v\d+$`)

// reserve records the identifiers that a generated file reserves in its package, with a message for each.
func reserve(taken map[string]string, file *ast.File) {
	prefix := file.Name.Name + "."
	used := map[string]string{}
	reservePredeclared(used, file)
	for name, what := range used {
		taken[prefix+name] = what
	}
	for _, spec := range file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		name := path.Base(imported)
		if majorVersion.MatchString(name) {
			name = path.Base(path.Dir(imported))
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		taken[prefix+name] = name + " is a package that the generated code of this package imports: choose another name"
	}
	for _, ident := range declared(file) {
		taken[prefix+ident.Name] = Clash(ident.Name)
	}
}

// reservePredeclared records the predeclared identifiers that a generated file uses, with a message for each.
func reservePredeclared(taken map[string]string, file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		if ident, ok := n.(*ast.Ident); ok && gotypes.Universe.Lookup(ident.Name) != nil {
			taken[ident.Name] = ident.Name + meansElse
		}
		return true
	})
}

// declared returns the identifiers that a file declares in its package. Methods are not included, because they belong to the scope of their
// type.
func declared(file *ast.File) []*ast.Ident {
	var out []*ast.Ident
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Recv == nil && decl.Name.Name != "init" {
				out = append(out, decl.Name)
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					out = append(out, spec.Name)
				case *ast.ValueSpec:
					out = append(out, spec.Names...)
				}
			}
		}
	}
	return slices.DeleteFunc(out, func(ident *ast.Ident) bool { return ident.Name == "_" })
}
