package wiring

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"k8s.io/client-go/util/jsonpath"
	"k8s.io/gengo/v2/types"
)

// A Column is a column of a kind's table.
type Column struct {
	Name, Type, Format, Description string
	Priority                        int32
	// Expr is the Go expression of the cell, on the object "in".
	Expr string
	// Func is the declaration of the function that Expr calls, if it takes one.
	Func string
	// Imports are the packages that Expr and Func need.
	Imports []string
}

const metaTable = `metatable "k8s.io/apimachinery/pkg/api/meta/table"`

// newColumn compiles a +kubebuilder:printcolumn marker to Go: a field is read directly; a pointer, a map, an index or a filter
// on the way takes a function of its own, called helper, which returns nil where the path ends early, as an empty cell.
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
	c := &compiler{column: &column, path: m.JSONPath}
	body, err := c.walk(list.Nodes, "in", root, "\t")
	if err != nil {
		return column, fmt.Errorf("column %q: %w", m.Name, err)
	}
	if column.Description == "" {
		column.Description = c.doc
	}
	if column.Description == "" {
		column.Description = m.JSONPath
	}
	if !c.branches {
		column.Expr = strings.TrimSuffix(strings.TrimPrefix(body, "\treturn "), "\n")
		return column, nil
	}
	column.Expr = helper + "(in)"
	column.Func = fmt.Sprintf("// %s is the column %s: %s\nfunc %s(in *%s) any {\n%s}", helper, m.Name, m.JSONPath, helper, kind, body)
	return column, nil
}

// funcName is the name of the function that computes a column's cell.
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

// A compiler turns one JSONPath into Go statements.
type compiler struct {
	column   *Column
	path     string
	doc      string
	branches bool
	vars     int
}

// walk returns the statements that follow nodes from the expression expr of type t and return the cell.
func (c *compiler) walk(nodes []jsonpath.Node, expr string, t *types.Type, indent string) (string, error) {
	if t.Kind == types.Pointer {
		c.branches = true
		value := expr
		switch kind := underlying(t.Elem).Kind; {
		case len(nodes) == 0:
			value = "*" + expr
		case kind != types.Struct: // only fields are reached through a pointer as they are
			value = "(*" + expr + ")"
		}
		rest, err := c.walk(nodes, value, t.Elem, indent)
		return fmt.Sprintf("%sif %s == nil {\n%s\treturn nil\n%s}\n%s", indent, expr, indent, indent, rest), err
	}
	if len(nodes) == 0 {
		cell, err := c.cell(expr, t)
		return indent + "return " + cell + "\n", err
	}
	switch node := nodes[0].(type) {
	case *jsonpath.FieldNode:
		return c.field(node.Value, nodes[1:], expr, t, indent)
	case *jsonpath.ArrayNode:
		return c.index(node, nodes[1:], expr, t, indent)
	case *jsonpath.FilterNode:
		return c.filter(node, nodes[1:], expr, t, indent)
	}
	return "", fmt.Errorf("%s has a step that is not a field, a key, an index or a filter", c.path)
}

func (c *compiler) field(name string, rest []jsonpath.Node, expr string, t *types.Type, indent string) (string, error) {
	t = underlying(t)
	if t.Kind == types.Map {
		c.branches = true
		c.vars++
		v := fmt.Sprintf("value%d", c.vars)
		body, err := c.walk(rest, v, t.Elem, indent)
		return fmt.Sprintf("%s%s, ok := %s[%q]\n%sif !ok {\n%s\treturn nil\n%s}\n%s", indent, v, expr, name, indent, indent, indent, body), err
	}
	members := jsonPath(t, name)
	if len(members) == 0 {
		return "", fmt.Errorf("%s names no field: %s has no field %q in JSON", c.path, t.Name.Name, name)
	}
	return c.members(members, rest, expr, t, indent)
}

// members goes through inlined structs, if any, to the last of members.
func (c *compiler) members(members []types.Member, rest []jsonpath.Node, expr string, t *types.Type, indent string) (string, error) {
	member := members[0]
	if !promoted(t, member) {
		expr += "." + member.Name
	}
	if len(members) == 1 {
		c.doc = summary(member.CommentLines)
		return c.walk(rest, expr, member.Type, indent)
	}
	if member.Type.Kind != types.Pointer {
		return c.members(members[1:], rest, expr, underlying(member.Type), indent)
	}
	c.branches = true
	body, err := c.members(members[1:], rest, expr, underlying(member.Type.Elem), indent)
	return fmt.Sprintf("%sif %s == nil {\n%s\treturn nil\n%s}\n%s", indent, expr, indent, indent, body), err
}

// promoted says whether the fields of an embedded struct can be reached without naming it: none of them is hidden.
func promoted(t *types.Type, embedded types.Member) bool {
	inner := underlying(embedded.Type)
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

// hasAny says whether a struct, or one behind a pointer, has a field with one of the names.
func hasAny(t *types.Type, names map[string]bool) bool {
	if t = underlying(t); t.Kind == types.Pointer {
		t = underlying(t.Elem)
	}
	return slices.ContainsFunc(t.Members, func(m types.Member) bool { return names[m.Name] })
}

func (c *compiler) index(node *jsonpath.ArrayNode, rest []jsonpath.Node, expr string, t *types.Type, indent string) (string, error) {
	t = underlying(t)
	from, to := node.Params[0], node.Params[1]
	if t.Kind != types.Slice || !from.Known || from.Value < 0 || !to.Known || to.Value != from.Value+1 {
		return "", fmt.Errorf("%s takes an index of something that is not a list, or more than one index", c.path)
	}
	c.branches = true
	body, err := c.walk(rest, fmt.Sprintf("%s[%d]", expr, from.Value), t.Elem, indent)
	return fmt.Sprintf("%sif len(%s) <= %d {\n%s\treturn nil\n%s}\n%s", indent, expr, from.Value, indent, indent, body), err
}

// filter is [?(@.type=="Ready")]: the first element whose string field equals a word.
func (c *compiler) filter(node *jsonpath.FilterNode, rest []jsonpath.Node, expr string, t *types.Type, indent string) (string, error) {
	t = underlying(t)
	field, word, ok := equality(node)
	if !ok || t.Kind != types.Slice {
		return "", fmt.Errorf(`%s has a filter that is not of the form [?(@.field=="word")] on a list`, c.path)
	}
	members := jsonPath(underlying(t.Elem), field)
	if len(members) != 1 || underlying(members[0].Type) != types.String {
		return "", fmt.Errorf("%s names no field: %s has no text field %q in JSON", c.path, t.Elem.Name.Name, field)
	}
	c.branches = true
	c.vars++
	i := "i" + strings.Repeat("i", c.vars-1)
	element := expr + "[" + i + "]"
	body, err := c.walk(rest, element, t.Elem, indent+"\t\t")
	return fmt.Sprintf("%sfor %s := range %s {\n%s\tif %s.%s == %q {\n%s%s\t}\n%s}\n%sreturn nil\n",
		indent, i, expr, indent, element, members[0].Name, word, body, indent, indent, indent), err
}

// equality takes @.field=="word" apart.
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

// cell turns an expression into a cell of the column's type.
func (c *compiler) cell(expr string, t *types.Type) (string, error) {
	u := underlying(t)
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
			return strings.TrimPrefix(expr, "*") + stringers[name], nil // a pointer has the method too
		case integers[u], u == types.Bool, u == types.Float32, u == types.Float64:
			return "fmt.Sprint(" + expr + ")", nil // every table imports it
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

// stringers are the struct types that are a string in JSON.
var stringers = map[string]string{
	"k8s.io/apimachinery/pkg/api/resource.Quantity":   ".String()",
	"k8s.io/apimachinery/pkg/util/intstr.IntOrString": ".String()",
	"k8s.io/apimachinery/pkg/apis/meta/v1.Duration":   ".Duration.String()",
}

var integers = map[*types.Type]bool{
	types.Int: true, types.Int64: true, types.Int32: true, types.Int16: true,
	types.Uint: true, types.Uint64: true, types.Uint32: true, types.Uint16: true, types.Byte: true,
}

// underlying follows named types to what they are made of.
func underlying(t *types.Type) *types.Type {
	for t.Kind == types.Alias {
		t = t.Underlying
	}
	return t
}

// jsonField finds the member of a struct that has a name in JSON, those of inlined structs included.
func jsonField(t *types.Type, name string) (types.Member, bool) {
	members := jsonPath(t, name)
	if len(members) == 0 {
		return types.Member{}, false
	}
	return members[len(members)-1], true
}

// jsonPath leads to the member of a struct that has a name in JSON: through inlined structs, if it is theirs. A field of the
// struct itself hides theirs, as it does in encoding/json.
func jsonPath(t *types.Type, name string) []types.Member {
	if t.Kind != types.Struct || name == "" {
		return nil
	}
	for _, member := range t.Members {
		if jsonName(member) == name {
			return []types.Member{member}
		}
	}
	for _, member := range t.Members {
		if !member.Embedded || jsonName(member) != "" {
			continue
		}
		inner := underlying(member.Type)
		if inner.Kind == types.Pointer {
			inner = underlying(inner.Elem)
		}
		if found := jsonPath(inner, name); found != nil {
			return append([]types.Member{member}, found...)
		}
	}
	return nil
}

// summary is a doc comment's first sentence, without markers.
func summary(lines []string) string {
	var words []string
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if line == "" && len(words) > 0 {
			break
		}
		if line == "" || strings.HasPrefix(line, "+") {
			continue
		}
		words = append(words, line)
	}
	text := strings.Join(words, " ")
	if i := strings.Index(text, ". "); i >= 0 {
		text = text[:i+1]
	}
	return text
}

func quoteAll(in []string) string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = strconv.Quote(s)
	}
	return strings.Join(out, ", ")
}
