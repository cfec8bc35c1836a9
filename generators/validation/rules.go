package validation

import (
	"fmt"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/gengo/v2/types"
)

// A ruleNode has the CEL rules of a value, and of those below it that have some.
type ruleNode struct {
	rules  []*rule
	fields map[string]*ruleNode
	items  *ruleNode
	// keys tell the items of a list apart.
	keys []string
	// status is set for a status that is empty when the object is created.
	status bool
	// json says that the rules are to see the value as it is in JSON.
	json bool
}

// A rule is one XValidation marker, or one that follows from another marker.
type rule struct {
	apiextensionsv1.ValidationRule
	pos token.Position
	// at is the FieldPath as it is appended to a path.
	at string
}

// A ruleReader gathers the rules of a kind, by their places in its schema.
type ruleReader struct {
	*reader
	byPath map[string][]*rule
	within map[types.Name]bool
	// recursive is the name of a type that refers to itself: no schema without references has one.
	recursive string
}

// rules reads the CEL rules of a kind, and checks them as a CRD's would be.
func (r *reader) rules(o *object) {
	reader := &ruleReader{reader: r, byPath: map[string][]*rule{}, within: map[types.Name]bool{}}
	node := reader.node(&value{typ: o.typ, declared: o.typ, object: o}, "")
	if len(reader.byPath) == 0 {
		return
	}
	if reader.recursive != "" {
		r.problem(o.at, "", "%s can't have CEL rules, since the type %s in it refers to itself", o.typ.Name.Name, reader.recursive)
		return
	}
	o.rules = node
	reader.compile(o.typ.Name)
}

// node has the rules of a value and of what is below it.
func (r *ruleReader) node(v *value, path string) *ruleNode {
	node := &ruleNode{}
	r.value(node, v, path)
	node.json = slices.ContainsFunc(node.rules, v.foreignTo)
	return node
}

// object adds the rules of a struct to a node.
func (r *ruleReader) object(node *ruleNode, o *object, path string) {
	if r.within[o.typ.Name] {
		r.recursive = o.typ.Name.Name
		return
	}
	r.within[o.typ.Name] = true
	defer delete(r.within, o.typ.Name)
	r.add(node, limits{JSONSchemaProps: o.schema, at: o.at}, path)
	for _, p := range o.fields {
		if p.name == "" {
			r.value(node, p.value, path)
			continue
		}
		child := r.node(p.value, path+".properties["+p.name+"]")
		child.status = o.resetStatus && p.name == "status"
		child.json = child.json || len(child.rules) > 0 && isTime(p.value.typ) && p.mayBeNull()
		if child.any() {
			if node.fields == nil {
				node.fields = map[string]*ruleNode{}
			}
			node.fields[p.name] = child
		}
	}
}

// value adds the rules of a value to a node.
func (r *ruleReader) value(node *ruleNode, v *value, path string) {
	for _, l := range v.limits {
		r.add(node, l, path)
	}
	if v.object != nil {
		r.object(node, v.object, path)
	}
	if v.items == nil {
		return
	}
	below := ".items"
	if v.kind() == aMap {
		below = ".additionalProperties"
	}
	node.keys = v.keys()
	if child := r.node(v.items, path+below); child.any() {
		node.items = child
	}
}

// usesJSON says whether any of the rules here and below does.
func (n *ruleNode) usesJSON() bool {
	if n == nil {
		return false
	}
	return n.json || n.items.usesJSON() || slices.ContainsFunc(slices.Collect(maps.Values(n.fields)), (*ruleNode).usesJSON)
}

func (n *ruleNode) any() bool { return len(n.rules) > 0 || len(n.fields) > 0 || n.items != nil }

// add adds the rules of one place to a node.
func (r *ruleReader) add(node *ruleNode, l limits, path string) {
	positions := r.rulePositions(l)
	for i, x := range l.XValidations {
		added := &rule{ValidationRule: x, pos: r.packages.Position(l.at.owner, l.at.field)}
		if pos := r.schemas.Position(l.at.owner, l.at.field, x.Rule); pos.IsValid() {
			added.pos = pos
		} else if i < len(positions) {
			added.pos = positions[i]
		}
		node.rules = append(node.rules, added)
		r.byPath[path] = append(r.byPath[path], added)
	}
}

// rulePositions are where the markers are that rules come from, in the order of the rules.
func (r *ruleReader) rulePositions(l limits) []token.Position {
	var out []token.Position
	for _, name := range []string{"XValidation", "AtMostOneOf", "ExactlyOneOf", "AtLeastOneOf"} {
		for _, m := range r.packages.Markers(l.at.owner, l.at.field) {
			if rest, ok := strings.CutPrefix(m.Text, "+kubebuilder:validation:"+l.prefix+name); ok && strings.HasPrefix(rest, ":") || strings.HasPrefix(rest, "=") {
				out = append(out, m.Pos)
			}
		}
	}
	return out
}

// literal writes a node as Go.
func (n *ruleNode) literal() string {
	var b strings.Builder
	b.WriteString("{\n")
	if len(n.rules) > 0 {
		b.WriteString("rules: []rule{\n")
		for _, rule := range n.rules {
			b.WriteString(rule.literal())
		}
		b.WriteString("},\n")
	}
	if n.status {
		b.WriteString("status: true,\n")
	}
	if n.json {
		b.WriteString("json: true,\n")
	}
	if len(n.keys) > 0 {
		fmt.Fprintf(&b, "keys: []string{%s},\n", quoteAll(n.keys))
	}
	if n.items != nil {
		fmt.Fprintf(&b, "items: &rules%s,\n", n.items.literal())
	}
	if len(n.fields) > 0 {
		b.WriteString("fields: map[string]*rules{\n")
		for _, name := range slices.Sorted(maps.Keys(n.fields)) {
			fmt.Fprintf(&b, "%q: %s,\n", name, n.fields[name].literal())
		}
		b.WriteString("},\n")
	}
	b.WriteString("}")
	return b.String()
}

func (r *rule) literal() string {
	var fields []string
	add := func(name, value string) {
		if value != "" {
			fields = append(fields, name+": "+quote(value))
		}
	}
	add("rule", strings.TrimSpace(r.Rule))
	add("message", strings.TrimSpace(r.Message))
	add("messageExpression", strings.TrimSpace(r.MessageExpression))
	add("at", r.at)
	if r.Reason != nil {
		add("reason", string(*r.Reason))
	}
	if r.OptionalOldSelf != nil && *r.OptionalOldSelf {
		fields = append(fields, "optionalOldSelf: true")
	}
	return "{" + strings.Join(fields, ", ") + "},\n"
}

func quoteAll(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = strconv.Quote(text)
	}
	return strings.Join(quoted, ", ")
}
