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

// A ruleNode contains the CEL rules of a value and of the values in it.
type ruleNode struct {
	rules  []*rule
	fields map[string]*ruleNode
	items  *ruleNode
	// keys lists the key fields of a list of type map.
	keys []string
	// status means that the value is a status, which is empty when the object is created.
	status bool
	// json means that the rules need the value as decoded from JSON.
	json bool
}

// A rule is an XValidation marker, or a rule that another marker implies.
type rule struct {
	apiextensionsv1.ValidationRule
	pos token.Position
	// at is the FieldPath as a suffix of a path.
	at string
	// within lists the structs that contain the value, outermost first.
	within []types.Name
}

// A ruleReader collects the rules of a kind, by path in its schema.
type ruleReader struct {
	*reader
	byPath map[string][]*rule
	// within lists the structs that are being read, outermost first.
	within []types.Name
	// recursive contains the types that refer to themselves.
	recursive map[types.Name]bool
}

// rules reads the CEL rules of a kind, and checks them like those of a CRD.
func (r *reader) rules(o *object) {
	reader := &ruleReader{reader: r, byPath: map[string][]*rule{}, recursive: map[types.Name]bool{}}
	node := reader.node(&value{typ: o.typ, declared: o.typ, object: o}, "")
	unbounded := reader.rejectUnbounded()
	if len(reader.byPath) > 0 {
		o.rules = node
		reader.compile(o, unbounded)
	}
}

// rejectUnbounded rejects and removes rules on values in recursive types, because their number and depth in an object are not limited. It
// reports whether there are any.
func (r *ruleReader) rejectUnbounded() bool {
	before := len(r.problems)
	for _, path := range slices.Sorted(maps.Keys(r.byPath)) {
		r.byPath[path] = slices.DeleteFunc(r.byPath[path], func(rule *rule) bool {
			i := slices.IndexFunc(rule.within, func(name types.Name) bool { return r.recursive[name] })
			if i >= 0 {
				r.problemAt(rule.pos, "the cost of the CEL rule has no bound, because it would run at any depth of %s, which refers to itself: put it outside of that type, or check it in the strategy's Validate function",
					rule.within[i].Name)
			}
			return i >= 0
		})
		if len(r.byPath[path]) == 0 {
			delete(r.byPath, path)
		}
	}
	return len(r.problems) > before
}

// node returns the rules of a value and of the values in it.
func (r *ruleReader) node(v *value, path string) *ruleNode {
	node := &ruleNode{}
	r.value(node, v, path)
	node.json = slices.ContainsFunc(node.rules, v.foreignTo)
	return node
}

// object adds the rules of a struct to a node.
func (r *ruleReader) object(node *ruleNode, o *object, path string) {
	if slices.Contains(r.within, o.typ.Name) {
		r.recursive[o.typ.Name] = true
		return
	}
	outer := r.within
	r.within = append(slices.Clip(outer), o.typ.Name)
	defer func() { r.within = outer }()
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
	if v.kind() == kindMap {
		below = ".additionalProperties"
	}
	node.keys = v.keys()
	if child := r.node(v.items, path+below); child.any() {
		node.items = child
	}
}

// usesJSON reports whether a rule of the node, or of a node in it, needs values as decoded from JSON.
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
		added := &rule{ValidationRule: x, pos: r.packages.Position(l.at.owner, l.at.field), within: r.within}
		if pos := r.schemas.Position(l.at.owner, l.at.field, x.Rule); pos.IsValid() {
			added.pos = pos
		} else if i < len(positions) {
			added.pos = positions[i]
		}
		node.rules = append(node.rules, added)
		r.byPath[path] = append(r.byPath[path], added)
	}
}

// rulePositions returns the positions of the markers that define rules, in the order of the rules.
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

// literal returns a node as a Go literal.
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
