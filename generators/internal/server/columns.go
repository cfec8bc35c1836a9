package server

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"k8s.io/client-go/util/jsonpath"
	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/internal/apis"
)

// A Column is a column of a kind's table.
type Column struct {
	Name, Type, Format, Description string
	Priority                        int32
	// Expr is the Go expression of the cell for the object "in".
	Expr string
	// Func is the declaration of the function that Expr calls, if any.
	Func string
	// Joins means that the cell shows several values.
	Joins bool
	// Imports lists the packages that Expr and Func need.
	Imports []string
}

const metaTable = `metatable "k8s.io/apimachinery/pkg/api/meta/table"`

// newColumn compiles a +kubebuilder:printcolumn marker to Go. The expression reads fields directly. A path through a pointer, map, index,
// list or filter needs a function named helper. The function returns nil, which is an empty cell, if a step of the path has no value. A
// path that selects several values, or a list, produces a comma-separated string.
func newColumn(kind, helper string, root *types.Type, m columnMarker) (Column, error) {
	column := Column{Name: m.Name, Type: m.Type, Format: m.Format, Description: m.Description, Priority: m.Priority}
	parsed, err := jsonpath.Parse(m.Name, "{"+m.JSONPath+"}")
	if err != nil || len(parsed.Root.Nodes) != 1 {
		return column, fmt.Errorf("column %q: %q is not a JSONPath such as .spec.size", m.Name, m.JSONPath)
	}
	list, ok := parsed.Root.Nodes[0].(*jsonpath.ListNode)
	if !ok {
		return column, fmt.Errorf("column %q: %q is not a JSONPath such as .spec.size", m.Name, m.JSONPath)
	}
	c := &compiler{column: &column, path: m.JSONPath, indent: "\t", exit: "return nil"}
	if err := c.walk(list.Nodes, "in", root); err != nil {
		return column, fmt.Errorf("column %q: %w", m.Name, err)
	}
	if column.Joins {
		column.Type, column.Format = "string", ""
	}
	column.Description = cmp.Or(column.Description, c.doc, m.JSONPath)
	body := c.body.String()
	if !c.branches {
		column.Expr = strings.TrimSuffix(strings.TrimPrefix(body, "\treturn "), "\n")
		return column, nil
	}
	column.Expr = helper + "(in)"
	column.Func = fmt.Sprintf("// %s is the column %s: %s\nfunc %s(in *%s) any {\n%s}", helper, m.Name, m.JSONPath, helper, kind, body)
	return column, nil
}

// funcName returns the name of the function that computes a column's cell.
func funcName(column string) string {
	var b strings.Builder
	b.WriteString("column")
	upper := true
	for _, r := range column {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			upper = true
			continue
		}
		if upper {
			r = unicode.ToUpper(r)
		}
		upper = false
		b.WriteRune(r)
	}
	return b.String()
}

// A compiler compiles a JSONPath to Go statements.
type compiler struct {
	column   *Column
	path     string
	doc      string
	branches bool
	// vars and loops count the declared variables.
	vars, loops int

	body   strings.Builder
	indent string
	// exit is the statement that ends a path early: it leaves the function, or continues with the next of several values.
	exit string
	// gathers means that the statements are in a loop over all elements of a list, and append to the result.
	gathers bool
}

func (c *compiler) line(format string, args ...any) {
	fmt.Fprintf(&c.body, c.indent+format+"\n", args...)
}

// block writes a block: the line that opens it, its content, and its end. In the block, exit is the statement that ends the path early.
func (c *compiler) block(exit string, inside func() error, format string, args ...any) error {
	c.line(format+" {", args...)
	indent, outer := c.indent, c.exit
	c.indent, c.exit = indent+"\t", exit
	err := inside()
	c.indent, c.exit = indent, outer
	c.line("}")
	return err
}

// unless ends the path early if a condition holds.
func (c *compiler) unless(format string, args ...any) {
	c.branches = true
	c.line("if "+format+" {", args...)
	c.line("\t%s", c.exit)
	c.line("}")
}

// walk writes the statements that follow nodes from the expression expr of type t, and return or append the result.
func (c *compiler) walk(nodes []jsonpath.Node, expr string, t *types.Type) error {
	if t.Kind == types.Pointer {
		value := expr
		switch kind := apis.Unalias(t.Elem).Kind; {
		case len(nodes) == 0:
			value = "*" + expr
		case kind != types.Struct: // Go dereferences pointers only for fields
			value = "(*" + expr + ")"
		}
		c.unless("%s == nil", expr)
		return c.walk(nodes, value, t.Elem)
	}
	if len(nodes) == 0 {
		return c.leaf(expr, t)
	}
	switch node := nodes[0].(type) {
	case *jsonpath.FieldNode:
		return c.field(node.Value, nodes[1:], expr, t)
	case *jsonpath.ArrayNode:
		return c.index(node, nodes[1:], expr, t)
	case *jsonpath.FilterNode:
		return c.filter(node, nodes[1:], expr, t)
	}
	return fmt.Errorf("%s has a step that is not a field, a key, an index or a filter", c.path)
}

func (c *compiler) field(name string, rest []jsonpath.Node, expr string, t *types.Type) error {
	t = apis.Unalias(t)
	if t.Kind == types.Map {
		c.vars++
		v := fmt.Sprintf("value%d", c.vars)
		c.line("%s, ok := %s[%q]", v, expr, name)
		c.unless("!ok")
		return c.walk(rest, v, t.Elem)
	}
	members := apis.JSONPath(t, name)
	if len(members) == 0 {
		return fmt.Errorf("%s names no field: %s has no field %q in JSON", c.path, t.Name.Name, name)
	}
	return c.members(members, rest, expr, t)
}

// members follows inlined structs to the last of members.
func (c *compiler) members(members []types.Member, rest []jsonpath.Node, expr string, t *types.Type) error {
	member := members[0]
	if !promoted(t, member) {
		expr += "." + member.Name
	}
	if len(members) == 1 {
		c.doc = apis.Summary(member)
		return c.walk(rest, expr, member.Type)
	}
	inner := member.Type
	if inner.Kind == types.Pointer {
		c.unless("%s == nil", expr)
		inner = inner.Elem
	}
	return c.members(members[1:], rest, expr, apis.Unalias(inner))
}

// promoted reports whether all fields of an embedded struct can be selected from the outer struct.
func promoted(t *types.Type, embedded types.Member) bool {
	inner := apis.Unalias(embedded.Type)
	if !embedded.Embedded || inner.Kind != types.Struct {
		return false
	}
	names := map[string]bool{}
	for _, member := range inner.Members {
		if member.Embedded {
			return false
		}
		names[member.Name] = true
	}
	for _, other := range t.Members {
		if names[other.Name] || other.Embedded && other.Name != embedded.Name && hasAny(other.Type, names) {
			return false
		}
	}
	return true
}

// hasAny reports whether a struct, or the struct that a pointer points to, has a field with one of the names.
func hasAny(t *types.Type, names map[string]bool) bool {
	if t = apis.Unalias(t); t.Kind == types.Pointer {
		t = apis.Unalias(t.Elem)
	}
	return slices.ContainsFunc(t.Members, func(m types.Member) bool { return names[m.Name] })
}

// index compiles [0], [-1], which is the last element, and [*].
func (c *compiler) index(node *jsonpath.ArrayNode, rest []jsonpath.Node, expr string, t *types.Type) error {
	t = apis.Unalias(t)
	from, to := node.Params[0], node.Params[1]
	switch {
	case t.Kind != types.Slice:
		return fmt.Errorf("%s takes an element of something that is not a list", c.path)
	case !from.Known && !to.Known && !node.Params[2].Known:
		return c.each(rest, expr, t)
	case !to.Derived:
		return fmt.Errorf("%s takes some elements of a list: write [*] for all of them, or the index of one", c.path)
	case from.Value < 0:
		c.unless("len(%s) < %d", expr, -from.Value)
		return c.walk(rest, fmt.Sprintf("%s[len(%[1]s)-%d]", expr, -from.Value), t.Elem)
	}
	c.unless("len(%s) <= %d", expr, from.Value)
	return c.walk(rest, fmt.Sprintf("%s[%d]", expr, from.Value), t.Elem)
}

// each compiles [*], and a path that ends at a list. The cell is a comma-separated string of all elements.
func (c *compiler) each(rest []jsonpath.Node, expr string, t *types.Type) error {
	c.branches, c.column.Joins = true, true
	gathers := c.gathers
	if !gathers {
		c.line("var values []string")
	}
	i := c.loopVar()
	c.gathers = true
	err := c.block("continue", func() error { return c.walk(rest, expr+"["+i+"]", t.Elem) }, "for %s := range %s", i, expr)
	c.gathers = gathers
	if !gathers {
		c.line(`return strings.Join(values, ",")`)
	}
	return err
}

// loopVar returns the name of a new loop variable: i, ii and so on.
func (c *compiler) loopVar() string {
	c.loops++
	return strings.Repeat("i", c.loops)
}

// filter compiles [?(@.type=="Ready")]: the first element whose string field has this value.
func (c *compiler) filter(node *jsonpath.FilterNode, rest []jsonpath.Node, expr string, t *types.Type) error {
	t = apis.Unalias(t)
	field, word, ok := equality(node)
	if !ok || t.Kind != types.Slice {
		return fmt.Errorf(`%s has a filter that is not of the form [?(@.field=="word")] on a list`, c.path)
	}
	members := apis.JSONPath(apis.Unalias(t.Elem), field)
	if len(members) != 1 || apis.Unalias(members[0].Type) != types.String {
		return fmt.Errorf("%s names no field: %s has no text field %q in JSON", c.path, t.Elem.Name.Name, field)
	}
	c.branches = true
	i := c.loopVar()
	element := expr + "[" + i + "]"
	exit := c.exit
	if c.gathers {
		exit = "break" // leaves the loop that searches for the element
	}
	found := func() error {
		err := c.walk(rest, element, t.Elem)
		if c.gathers {
			c.line("break")
		}
		return err
	}
	err := c.block(exit, func() error {
		return c.block(exit, found, "if %s.%s == %q", element, members[0].Name, word)
	}, "for %s := range %s", i, expr)
	if !c.gathers {
		c.line("return nil")
	}
	return err
}

// equality parses @.field=="word".
func equality(node *jsonpath.FilterNode) (field, word string, ok bool) {
	if node.Operator != "==" || len(node.Left.Nodes) != 1 || len(node.Right.Nodes) != 1 {
		return "", "", false
	}
	left, isField := node.Left.Nodes[0].(*jsonpath.FieldNode)
	right, isText := node.Right.Nodes[0].(*jsonpath.TextNode)
	if !isField || !isText {
		return "", "", false
	}
	return left.Value, right.Text, true
}

// leaf compiles the end of a path: it returns or appends the value.
func (c *compiler) leaf(expr string, t *types.Type) error {
	u := apis.Unalias(t)
	texts := u.Kind == types.Slice && u.Elem == types.String && c.column.Type == "string"
	if u.Kind == types.Slice && apis.JSONForm(u) == "a list" && !texts {
		if strings.HasPrefix(expr, "*") {
			expr = "(" + expr + ")" // its elements are indexed
		}
		return c.each(nil, expr, u)
	}
	if texts {
		c.column.Joins = true
		if c.gathers {
			c.line("values = append(values, %s...)", expr)
		} else {
			c.line(`return strings.Join(%s, ",")`, expr)
		}
		return nil
	}
	cell, err := c.cell(expr, t)
	if !c.gathers {
		c.line("return %s", cell)
		return err
	}
	if c.column.Type != "string" && c.column.Type != "date" {
		cell = "fmt.Sprint(" + cell + ")"
	}
	c.line("values = append(values, %s)", cell)
	return err
}

// cell returns the expression for a cell of the column's type.
func (c *compiler) cell(expr string, t *types.Type) (string, error) {
	u := apis.Unalias(t)
	name := t.Name.String()
	switch c.column.Type {
	case "date":
		if name == "k8s.io/apimachinery/pkg/apis/meta/v1.Time" {
			c.column.Imports = append(c.column.Imports, metaTable)
			return "metatable.ConvertToHumanReadableDateType(" + expr + ")", nil
		}
	case "string":
		switch {
		case u == types.String && t == u:
			return expr, nil
		case u == types.String:
			return "string(" + expr + ")", nil
		case stringers[name] != "":
			return strings.TrimPrefix(expr, "*") + stringers[name], nil // the method can be called on a pointer too
		case integers[u], u == types.Bool, u == types.Float32, u == types.Float64:
			if t != u { // it may have a String method
				expr = u.Name.Name + "(" + expr + ")"
			}
			return "fmt.Sprint(" + expr + ")", nil // every table imports fmt
		}
	case "integer":
		if integers[u] {
			return "int64(" + expr + ")", nil
		}
	case "number":
		if integers[u] || u == types.Float32 || u == types.Float64 {
			return "float64(" + expr + ")", nil
		}
	case "boolean":
		if u == types.Bool && t == u {
			return expr, nil
		}
		if u == types.Bool {
			return "bool(" + expr + ")", nil
		}
	default:
		return "", fmt.Errorf("type %q is none of string, integer, number, boolean and date", c.column.Type)
	}
	return "", fmt.Errorf("%s is a Go %s, which a column of type %s can't show", c.path, t.Name.Name, c.column.Type)
}

// stringers contains the struct types that JSON encodes as a string.
var stringers = map[string]string{
	"k8s.io/apimachinery/pkg/api/resource.Quantity":   ".String()",
	"k8s.io/apimachinery/pkg/util/intstr.IntOrString": ".String()",
	"k8s.io/apimachinery/pkg/apis/meta/v1.Duration":   ".Duration.String()",
}

var integers = map[*types.Type]bool{
	types.Int: true, types.Int64: true, types.Int32: true, types.Int16: true,
	types.Uint: true, types.Uint64: true, types.Uint32: true, types.Uint16: true, types.Byte: true,
}

func quoteAll(in []string) string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = strconv.Quote(s)
	}
	return strings.Join(out, ", ")
}
