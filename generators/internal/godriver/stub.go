package godriver

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strings"
)

// stub reduces the files of a package to the parts that its importers can see. It returns the files that are not empty, and
// the import paths that they still need. nameOf returns the name of the package with an import path.
//
// It does not resolve types, so it may keep too much: it keeps declarations that importers see, and those whose name occurs
// in a kept declaration, whatever the name refers to there. Kept bytes are the same as in the source.
func stub(sources map[string][]byte, nameOf func(path string) string) (files map[string][]byte, imports []string, err error) {
	p := &stubbed{fset: token.NewFileSet(), named: map[string][]*declaration{}, methods: map[string][]*declaration{}}
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		syntax, err := parser.ParseFile(p.fset, name, sources[name], parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, nil, err
		}
		p.add(&stubbedFile{name: name, source: sources[name], syntax: syntax})
	}
	for _, f := range p.files {
		for _, d := range f.declarations {
			if d.exported {
				p.keep(d)
			}
		}
	}
	files, needed := map[string][]byte{}, map[string]bool{}
	for _, f := range p.files {
		c := &cutter{fset: p.fset, file: f, nameOf: nameOf, imports: needed}
		if c.trim() {
			files[f.name] = c.apply()
		}
	}
	return files, slices.Sorted(maps.Keys(needed)), nil
}

// stubbed is a package that is being reduced.
type stubbed struct {
	fset    *token.FileSet
	files   []*stubbedFile
	named   map[string][]*declaration // by name
	methods map[string][]*declaration // by the name of the receiver's type
}

type stubbedFile struct {
	name         string
	source       []byte
	syntax       *ast.File
	declarations []*declaration
}

// A declaration is the smallest part of a file that is kept or removed: a function, a type, a variable specification, or all constants in
// one pair of parentheses, because their values depend on their order.
type declaration struct {
	node           ast.Node
	exported, kept bool
}

func (p *stubbed) add(f *stubbedFile) {
	p.files = append(p.files, f)
	for _, node := range f.syntax.Decls {
		switch node := node.(type) {
		case *ast.FuncDecl:
			d := f.declare(node)
			switch {
			case node.Recv != nil:
				receiver := receiverName(node.Recv)
				p.methods[receiver] = append(p.methods[receiver], d)
			case node.Name.Name != "init": // other code cannot refer to init
				p.name(d, node.Name)
			}
		case *ast.GenDecl:
			switch node.Tok {
			case token.TYPE:
				for _, spec := range node.Specs {
					p.name(f.declare(spec), spec.(*ast.TypeSpec).Name)
				}
			case token.VAR:
				for _, spec := range node.Specs {
					p.name(f.declare(spec), spec.(*ast.ValueSpec).Names...)
				}
			case token.CONST:
				d := f.declare(node)
				for _, spec := range node.Specs {
					p.name(d, spec.(*ast.ValueSpec).Names...)
				}
			}
		}
	}
}

func (f *stubbedFile) declare(node ast.Node) *declaration {
	d := &declaration{node: node}
	f.declarations = append(f.declarations, d)
	return d
}

func (p *stubbed) name(d *declaration, names ...*ast.Ident) {
	for _, name := range names {
		p.named[name.Name] = append(p.named[name.Name], d)
		d.exported = d.exported || name.IsExported()
	}
}

// receiverName returns T for the receivers T, *T and *T[P].
func receiverName(receiver *ast.FieldList) (name string) {
	ast.Inspect(receiver.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && name == "" {
			name = id.Name
		}
		return name == ""
	})
	return name
}

// keep keeps a declaration and everything that it refers to. It keeps the unexported methods of a type too, because an interface may
// require them.
func (p *stubbed) keep(d *declaration) {
	if d.kept {
		return
	}
	d.kept = true
	eachName(d.node, func(id *ast.Ident, _ bool) {
		for _, other := range p.named[id.Name] {
			p.keep(other)
		}
	})
	if spec, ok := d.node.(*ast.TypeSpec); ok {
		for _, method := range p.methods[spec.Name.Name] {
			p.keep(method)
		}
	}
}

// eachName visits the names that the kept parts of a declaration refer to. qualifier means that the name is followed by a selector.
func eachName(node ast.Node, visit func(id *ast.Ident, qualifier bool)) {
	for _, part := range signature(node) {
		ast.Inspect(part, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BlockStmt, *ast.CommentGroup:
				return false
			case *ast.SelectorExpr:
				id, ok := n.X.(*ast.Ident)
				if ok {
					visit(id, true)
				}
				return !ok
			case *ast.Ident:
				visit(n, false)
			}
			return true
		})
	}
}

// signature returns the parts of a declaration that are kept: everything except bodies, and values of variables with an explicit type.
func signature(node ast.Node) []ast.Node {
	switch n := node.(type) {
	case *ast.FuncDecl:
		if n.Recv != nil {
			return []ast.Node{n.Recv, n.Type}
		}
		return []ast.Node{n.Type}
	case *ast.ValueSpec:
		if n.Type != nil {
			return []ast.Node{n.Type}
		}
		var parts []ast.Node
		for _, value := range n.Values {
			if literal := spelledType(n, value); literal != nil {
				value = literal
			}
			parts = append(parts, value)
		}
		return parts
	}
	return []ast.Node{node}
}

// spelledType returns the type of a variable whose value is T{} or &T{}. It returns nil for all other variables, and for [...]T{}, whose
// length depends on the value.
func spelledType(spec *ast.ValueSpec, value ast.Expr) ast.Expr {
	if reference, ok := value.(*ast.UnaryExpr); ok && reference.Op == token.AND {
		value = reference.X
	}
	literal, ok := value.(*ast.CompositeLit)
	if !ok || len(spec.Names) != 1 {
		return nil
	}
	if array, ok := literal.Type.(*ast.ArrayType); ok && array.Len != nil {
		return nil
	}
	return literal.Type
}

// hasMarker reports whether a comment contains a marker.
func hasMarker(group *ast.CommentGroup) bool {
	for line := range strings.Lines(group.Text()) {
		if strings.HasPrefix(strings.TrimSpace(line), "+") {
			return true
		}
	}
	return false
}
