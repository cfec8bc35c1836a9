package godriver

import (
	"cmp"
	"go/ast"
	"go/token"
	"slices"
	"strconv"
)

// A cutter removes the parts of a file that a stub does not need.
type cutter struct {
	fset    *token.FileSet
	file    *stubbedFile
	nameOf  func(path string) string
	imports map[string]bool
	cuts    []cut
}

// A cut replaces the bytes between two offsets.
type cut struct {
	from, to int
	with     string
}

// gap replaces cuts between comments and declarations. gengo relates them by line: a comment up to two lines above a declaration belongs to
// it.
const gap = "\n\n\n"

// stubBody is the body of functions that must have one.
const stubBody = "{ panic(0) }"

// trim records the cuts, and reports whether the rest of the file is needed.
func (c *cutter) trim() bool {
	used, gone, left := map[string]bool{}, map[ast.Node]bool{}, false
	for _, d := range c.file.declarations {
		gone[d.node] = !d.kept
		if d.kept {
			left = true
			c.empty(d.node)
			eachName(d.node, func(id *ast.Ident, qualifier bool) { used[id.Name] = used[id.Name] || qualifier })
		}
	}
	for _, spec := range c.file.syntax.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		name := ""
		if spec.Name != nil {
			name = spec.Name.Name
		} else {
			name = c.nameOf(path)
		}
		gone[spec] = name != "." && !used[name]
		if !gone[spec] {
			c.imports[path] = true
		}
	}
	for _, node := range c.file.syntax.Decls {
		group, ok := node.(*ast.GenDecl)
		switch {
		case gone[node] || ok && len(group.Specs) > 0 && !slices.ContainsFunc(group.Specs, func(spec ast.Spec) bool { return !gone[spec] }):
			c.cut(start(node), node.End(), gap+placeholder(node))
		case ok:
			for _, spec := range group.Specs {
				if gone[spec] {
					c.cut(start(spec), spec.End(), gap+placeholder(spec))
				}
			}
		}
	}
	return left || c.documentsPackage()
}

// documentsPackage reports whether a file contains documentation or markers of the package.
func (c *cutter) documentsPackage() bool {
	if c.file.name == "doc.go" || c.file.syntax.Doc != nil {
		return true
	}
	return slices.ContainsFunc(c.file.syntax.Comments, func(group *ast.CommentGroup) bool {
		at := c.offset(group.Pos())
		cutOut := slices.ContainsFunc(c.cuts, func(cut cut) bool { return cut.from <= at && at < cut.to })
		return !cutOut && hasMarker(group)
	})
}

// placeholder returns a replacement for a declaration before a comment on the same line, so that the comment does not become the doc of the
// next declaration.
func placeholder(node ast.Node) string {
	const blank = "_ int "
	switch n := node.(type) {
	case *ast.TypeSpec:
		if n.Comment != nil {
			return blank
		}
	case *ast.ValueSpec:
		if n.Comment != nil {
			return blank
		}
	case *ast.GenDecl:
		switch {
		case n.Lparen.IsValid() || len(n.Specs) == 0 || n.Tok == token.IMPORT:
		case placeholder(n.Specs[0]) != "" && n.Tok == token.CONST:
			return "const _ = 0 "
		case placeholder(n.Specs[0]) != "":
			return n.Tok.String() + " " + blank
		}
	}
	return ""
}

// start returns the position of a node, including its doc comment.
func start(node ast.Node) token.Pos {
	var doc *ast.CommentGroup
	switch n := node.(type) {
	case *ast.FuncDecl:
		doc = n.Doc
	case *ast.GenDecl:
		doc = n.Doc
	case *ast.TypeSpec:
		doc = n.Doc
	case *ast.ValueSpec:
		doc = n.Doc
	case *ast.ImportSpec:
		doc = n.Doc
	}
	if doc != nil {
		return doc.Pos()
	}
	return node.Pos()
}

// empty removes the bodies and values in a declaration that is kept.
func (c *cutter) empty(node ast.Node) {
	switch n := node.(type) {
	case *ast.FuncDecl:
		switch {
		case n.Body == nil:
		case n.Type.TypeParams != nil: // the type checker requires a body
			c.cut(n.Body.Pos(), n.Body.End(), stubBody+gap)
		default:
			c.cut(n.Body.Pos(), n.Body.End(), gap)
		}
	case *ast.ValueSpec:
		c.emptyVariable(n)
	case *ast.GenDecl:
		c.emptyFunctions(n)
	}
}

func (c *cutter) emptyVariable(spec *ast.ValueSpec) {
	if len(spec.Values) == 0 {
		return
	}
	if spec.Type != nil {
		c.cut(spec.Type.End(), spec.Values[len(spec.Values)-1].End(), "")
		return
	}
	for _, value := range spec.Values {
		literal := spelledType(spec, value)
		if literal == nil {
			c.emptyFunctions(value)
			continue
		}
		between := " "
		if _, reference := value.(*ast.UnaryExpr); reference {
			between = " *"
		}
		c.cut(spec.Names[0].End(), literal.Pos(), between)
		c.cut(literal.End(), value.End(), "")
	}
}

// emptyFunctions removes the bodies of function literals.
func (c *cutter) emptyFunctions(node ast.Node) {
	ast.Inspect(node, func(n ast.Node) bool {
		literal, ok := n.(*ast.FuncLit)
		if ok {
			c.cut(literal.Body.Pos(), literal.Body.End(), stubBody)
		}
		return !ok
	})
}

func (c *cutter) cut(from, to token.Pos, with string) {
	c.cuts = append(c.cuts, cut{c.offset(from), c.offset(to), with})
}

func (c *cutter) offset(pos token.Pos) int { return c.fset.PositionFor(pos, false).Offset }

// apply makes the cuts. If a cut contains another, it replaces it too.
func (c *cutter) apply() []byte {
	slices.SortFunc(c.cuts, func(a, b cut) int { return cmp.Or(a.from-b.from, b.to-a.to) })
	source, at := c.file.source, 0
	var out []byte
	for _, cut := range c.cuts {
		if cut.from >= at {
			out = append(append(out, source[at:cut.from]...), cut.with...)
			at = cut.to
		}
	}
	return append(out, source[at:]...)
}
