// Package storages reads the methods of the user's types that implement kinds without storage: virtual kinds, reviews and parents.
package storages

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/apiserver-builder/builder/generators/diagnostics"
	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/internal/regular"
)

// A Kind is a kind that is not stored.
type Kind struct {
	project.Kind
	// Folder is the folder of its registry package, relative to the project's and with slashes.
	Folder string
}

// Writes are the optional methods of the Storage of a virtual kind, with which clients change objects.
type Writes struct{ Create, Update, Delete bool }

// A method is a method that the type of a kind has or may have.
type method struct {
	name, params, results string
	required              bool
}

// signature returns the method as in Go, without the names of parameters.
func (m method) signature() string {
	if strings.Contains(m.results, ",") {
		return fmt.Sprintf("%s(%s) (%s)", m.name, m.params, m.results)
	}
	return fmt.Sprintf("%s(%s) %s", m.name, m.params, m.results)
}

// methods returns the methods that the type of the kind has or may have.
func (k Kind) methods() []method {
	object := "*" + k.Name
	if k.Shape == project.ShapeReview {
		results := "error"
		if k.Answer != "" {
			results = "*" + k.Answer + ", error"
		}
		return []method{{"Review", "context.Context, " + object, results, true}}
	}
	name := "string"
	if k.Namespaced() {
		name = "string, string"
	}
	get := method{"Get", "context.Context, " + name, object + ", error", true}
	if k.Shape == project.ShapeParent {
		return []method{get}
	}
	return []method{
		get,
		{"List", "context.Context", "[]" + k.Name + ", error", true},
		{"Changes", "context.Context, func(" + name + ")", "error", false},
		{"Create", "context.Context, " + object, "error", false},
		{"Update", "context.Context, " + object + ", " + object, "error", false},
		{"Delete", "context.Context, " + object, "error", false},
	}
}

// Read reads the methods of the type of each kind in the project's folder dir, by folder of the kind.
func Read(dir string, kinds []Kind) (map[string]Writes, diagnostics.List, error) {
	out := map[string]Writes{}
	var problems diagnostics.List
	for _, kind := range kinds {
		pkg, found, err := parse(dir, kind.Folder, kind.Implementation())
		if err != nil {
			return nil, nil, err
		}
		if len(found) > 0 {
			problems = append(problems, found...)
			continue
		}
		writes, found := pkg.read(kind)
		out[kind.Folder] = writes
		problems = append(problems, found...)
	}
	return out, problems, nil
}

// A folder is the syntax of a package.
type folder struct {
	fset *token.FileSet
	// methods and embedded contain the methods and the embedded types of each type of the package.
	methods  map[string][]*ast.FuncDecl
	embedded map[string][]string
	// implementation is the name of the type of the kind, and position its position.
	implementation string
	position       token.Position
}

// parse parses the hand-written files of a folder, and returns its syntax errors.
func parse(dir, name, implementation string) (*folder, diagnostics.List, error) {
	pkg := &folder{implementation: implementation, fset: token.NewFileSet(), methods: map[string][]*ast.FuncDecl{}, embedded: map[string][]string{}}
	pkg.position.Filename = name
	files, err := fs.Glob(regular.DirFS(dir), name+"/*.go")
	if err != nil {
		return nil, nil, err
	}
	var problems diagnostics.List
	for _, file := range files {
		if base := path.Base(file); strings.HasSuffix(base, "_test.go") || strings.HasPrefix(base, "zz_generated.") {
			continue
		}
		content, err := regular.Read(filepath.Join(dir, filepath.FromSlash(file)))
		if err != nil {
			return nil, nil, err
		}
		parsed, err := parser.ParseFile(pkg.fset, file, content, parser.SkipObjectResolution)
		var syntax scanner.ErrorList
		if errors.As(err, &syntax) {
			syntax.RemoveMultiples()
			for _, e := range syntax {
				problems.Add(e.Pos, "syntax error: %s", e.Msg)
			}
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		pkg.add(parsed)
	}
	return pkg, problems, nil
}

func (p *folder) add(file *ast.File) {
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Recv != nil && len(d.Recv.List) == 1 {
				receiver := typeString(d.Recv.List[0].Type)
				p.methods[receiver] = append(p.methods[receiver], d)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if t, ok := spec.(*ast.TypeSpec); ok {
					p.addType(t)
				}
			}
		}
	}
}

func (p *folder) addType(t *ast.TypeSpec) {
	if t.Name.Name == p.implementation {
		p.position = p.fset.Position(t.Name.Pos())
	}
	s, ok := t.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, field := range s.Fields.List {
		if len(field.Names) == 0 {
			p.embedded[t.Name.Name] = append(p.embedded[t.Name.Name], typeString(field.Type))
		}
	}
}

// typeString returns the name of a type of this package, or of the type that it points to.
func typeString(t ast.Expr) string { return strings.TrimPrefix(types.ExprString(t), "*") }

// find returns the declaration of a method of a type, or of one that it embeds, or nil.
func (p *folder) find(typeName, method string, seen ...string) *ast.FuncDecl {
	if slices.Contains(seen, typeName) {
		return nil
	}
	for _, f := range p.methods[typeName] {
		if f.Name.Name == method {
			return f
		}
	}
	for _, embedded := range p.embedded[typeName] {
		if f := p.find(embedded, method, append(seen, typeName)...); f != nil {
			return f
		}
	}
	return nil
}

// read returns the methods of the type of a kind, and an error for each that is missing or has other types.
func (p *folder) read(kind Kind) (Writes, diagnostics.List) {
	var problems diagnostics.List
	found := map[string]bool{}
	for _, m := range kind.methods() {
		f := p.find(p.implementation, m.name)
		signature := m.signature()
		switch {
		case f == nil && m.required:
			problems.Add(p.position, "the type %s of %s lacks the method %s", p.implementation, kind.Name, signature)
		case f != nil && (!matches(f.Type.Params, m.params) || !matches(f.Type.Results, m.results)):
			problems.Add(p.fset.Position(f.Name.Pos()), "the method %s of %s must have the types %s", m.name, p.implementation, signature)
		}
		found[m.name] = f != nil
	}
	return Writes{Create: found["Create"], Update: found["Update"], Delete: found["Delete"]}, problems
}

// matches reports whether fields have the wanted types, separated by commas. Names of packages may differ, because an import may rename them.
func matches(fields *ast.FieldList, wanted string) bool {
	return normalList(fields) == strings.ReplaceAll(wanted, "context.", "")
}

// normal formats a type without names of packages and parameters.
func normal(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.SelectorExpr:
		return t.Sel.Name
	case *ast.StarExpr:
		return "*" + normal(t.X)
	case *ast.ArrayType:
		if t.Len == nil {
			return "[]" + normal(t.Elt)
		}
	case *ast.FuncType:
		return "func(" + normalList(t.Params) + ")"
	}
	return types.ExprString(t)
}

func normalList(fields *ast.FieldList) string {
	var all []string
	if fields != nil {
		for _, field := range fields.List {
			for range max(1, len(field.Names)) {
				all = append(all, normal(field.Type))
			}
		}
	}
	return strings.Join(all, ", ")
}
