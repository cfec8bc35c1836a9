package markers

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"

	crdmarkers "sigs.k8s.io/controller-tools/pkg/crd/markers"
	"sigs.k8s.io/controller-tools/pkg/deepcopy"
	"sigs.k8s.io/controller-tools/pkg/loader"
	upstream "sigs.k8s.io/controller-tools/pkg/markers"
)

// A Definition defines a known marker.
type Definition struct {
	Name string
	// On lists the allowed targets.
	On []Target
	// Refusal contains the reason why a server cannot support the marker, and an alternative. It is empty for supported markers.
	Refusal string
	// Repeats means that a target may have the marker several times.
	Repeats bool
	// values lists the valid values if there are only certain ones. The empty string is a marker without a value.
	values []string
	// parsers contains controller-tools' definitions by target.
	parsers map[Target]*upstream.Definition
}

// A Registry contains all known markers.
type Registry struct {
	byName map[string]*Definition
}

// NewRegistry returns a registry with the markers of Kubernetes' generators and of controller-tools.
func NewRegistry() (*Registry, error) {
	r := &Registry{byName: map[string]*Definition{}}
	for i := range generatorMarkers {
		d := generatorMarkers[i]
		r.byName[d.Name] = &d
	}
	registry, err := Upstream()
	if err != nil {
		return nil, err
	}
	if err := (deepcopy.Generator{}).RegisterMarkers(registry); err != nil {
		return nil, fmt.Errorf("controller-tools' markers: %w", err)
	}
	for _, def := range registry.AllDefinitions() {
		if def.Output != reflect.TypeFor[crdmarkers.K8sEnumField]() { // K8sEnumField only exists to be rejected
			r.addUpstream(def)
		}
	}
	for name, refusal := range refused {
		r.byName[name].Refusal = refusal
	}
	return r, nil
}

// addUpstream adds a definition of controller-tools. If Kubernetes' generators read the marker too, the existing definition takes
// precedence.
func (r *Registry) addUpstream(def *upstream.Definition) {
	target := map[upstream.TargetType]Target{
		upstream.DescribesPackage: Package, upstream.DescribesType: Type, upstream.DescribesField: Field,
	}[def.Target]
	d := r.byName[def.Name]
	if d == nil {
		d = &Definition{Name: def.Name, parsers: map[Target]*upstream.Definition{}, Repeats: repeats[def.Name], values: values[def.Name]}
		r.byName[def.Name] = d
	}
	if d.parsers != nil {
		d.On = append(d.On, target)
		d.parsers[target] = def
		slices.Sort(d.On)
	}
}

// All returns the definitions, sorted by name.
func (r *Registry) All() []Definition {
	var out []Definition
	for _, d := range r.byName {
		out = append(out, *d)
	}
	slices.SortFunc(out, func(a, b Definition) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Lookup returns the definition of a marker, or nil. The text before the first = may include the name of an argument, as in
// +kubebuilder:resource:path=apples.
func (r *Registry) Lookup(text string) *Definition {
	name, rest := split(text)
	if d := r.byName[name]; d != nil {
		return d
	}
	if strings.HasPrefix(name, "k8s:validation:") {
		return r.byName["k8s:validation"]
	}
	if i := strings.LastIndexByte(name, ':'); i > 0 && strings.HasPrefix(rest, "=") {
		return r.byName[name[:i]]
	}
	return nil
}

// split splits a marker into its name and the rest, which starts at the first character that a name cannot contain.
func split(text string) (name, rest string) {
	text = strings.TrimPrefix(text, "+")
	i := strings.IndexFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(":-_./", r)
	})
	if i < 0 {
		return text, ""
	}
	return text[:i], text[i:]
}

// Parse returns the value of a marker as controller-tools' type, or nil if controller-tools does not define the marker. The marker must
// have passed Check.
func (r *Registry) Parse(m Marker) any {
	if d := r.Lookup(m.Text); d != nil && d.parsers[m.On] != nil {
		if value, err := d.parsers[m.On].Parse(m.Text); err == nil {
			return value
		}
	}
	return nil
}

// Check returns the error of a marker's name, target or value. It returns "" if the marker is valid, and for lines that are not known
// markers, such as the markers of other tools, or prose that begins with a plus sign.
func (r *Registry) Check(m Marker) string {
	if text := strings.TrimPrefix(m.Text, "+"); strings.TrimSpace(text) != text {
		return fmt.Sprintf("the marker %s has a space after the plus sign, so no generator reads it: write +%s", m.Text, strings.TrimSpace(text))
	}
	d := r.Lookup(m.Text)
	if d == nil {
		return r.unknown(m.Text)
	}
	name, rest := split(m.Text)
	if rest != "" && !strings.ContainsRune("=( \t", rune(rest[0])) {
		return "" // prose
	}
	if strings.HasPrefix(rest, " ") || strings.HasPrefix(rest, "\t") {
		if next := strings.TrimSpace(rest); !Family(name) && next[0] != '=' && next[0] != '#' {
			return "" // prose
		}
		return fmt.Sprintf("the marker +%s has a space after it, so no generator reads it: write +%s alone, or with its value right after it", name, name)
	}
	switch {
	case m.Block:
		return fmt.Sprintf("the marker +%s is in a /* */ comment, where not every generator reads it: write it after //", d.Name)
	case !slices.Contains(d.On, m.On):
		return d.misplaced(m.On)
	case d.Refusal != "":
		return fmt.Sprintf("+%s has no effect here: %s", d.Name, d.Refusal)
	}
	return d.checkValue(m, name, rest)
}

func (d *Definition) checkValue(m Marker, name, rest string) string {
	if d.values != nil {
		value, _ := strings.CutPrefix(rest, "=")
		if !slices.Contains(d.values, strings.Trim(value, "\"`")) {
			return d.wrongValue(value)
		}
	}
	if _, err := ParseTag(m.Text); err != nil {
		return err.Error()
	}
	parser := d.parsers[m.On]
	if parser == nil {
		return ""
	}
	if d.Name == "default" { // checked with the field, because its value is Go or JSON
		return ""
	}
	if _, err := parser.Parse(m.Text); err != nil {
		return fmt.Sprintf("marker %s: %s", m.Text, Reason(err))
	}
	return ""
}

// Reason returns the first of controller-tools' errors, without the scanner's position.
func Reason(err error) string {
	if list, ok := err.(loader.ErrList); ok && len(list) > 0 {
		err = list[0]
	}
	var scan *upstream.ScannerError
	if errors.As(err, &scan) {
		return scan.Msg
	}
	var number *strconv.NumError
	if errors.As(err, &number) {
		return fmt.Sprintf("%q is not a number", number.Num)
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

func (d *Definition) wrongValue(value string) string {
	var allowed []string
	for _, v := range d.values {
		if v != "" {
			v = "=" + v
		}
		allowed = append(allowed, "+"+d.Name+v)
	}
	if len(allowed) == 1 && value != "" {
		return fmt.Sprintf("+%s=%s: it can only be %s", d.Name, value, allowed[0])
	}
	return fmt.Sprintf("+%s is set to %q: it is one of %s", d.Name, value, strings.Join(allowed, ", "))
}

func (d *Definition) misplaced(on Target) string {
	var places []string
	for _, t := range d.On {
		places = append(places, placeOf[t])
	}
	where := strings.Join(places, " or ")
	if on == Nothing {
		if !slices.Equal(d.On, []Target{Package}) {
			where += ", without an empty line between"
		}
		return fmt.Sprintf("the marker +%s is where nothing reads it: it belongs %s", d.Name, where)
	}
	return fmt.Sprintf("the marker +%s is on a %s, where it has no effect: it belongs %s", d.Name, on, where)
}

var placeOf = map[Target]string{
	Package: "in a package's doc.go", Type: "right above a type", Field: "right above a field", Func: "right above a function",
}

// Family reports whether a name is in a namespace where every marker is known.
func Family(name string) bool {
	return strings.HasPrefix(name, "kubebuilder:") || strings.HasPrefix(name, "k8s:") || strings.HasPrefix(name, "genclient")
}

// unknown reports an unknown marker if it belongs to one of the families, or its name is similar to a known one.
func (r *Registry) unknown(text string) string {
	name, rest := split(text)
	if !Family(name) && rest != "" && rest[0] != '=' {
		return "" // prose
	}
	near := r.nearest(name, rest)
	switch {
	case near != "":
		return fmt.Sprintf("unknown marker +%s: did you mean +%s?", name, near)
	case Family(name):
		return fmt.Sprintf("unknown marker +%s: builder's docs/markers.md lists the supported markers", name)
	}
	return ""
}

// nearest returns the known name that is most similar to an unknown one, or "".
func (r *Registry) nearest(name, rest string) string {
	candidates := []string{name}
	if i := strings.LastIndexByte(name, ':'); i > 0 && strings.HasPrefix(rest, "=") {
		candidates = append(candidates, name[:i]) // without a possible argument name
	}
	best, least, common := "", 3, 0
	for _, d := range r.All() {
		for _, c := range candidates {
			limit := min(3, 1+len(d.Name)/4)
			n := distance(strings.ToLower(c), strings.ToLower(d.Name), limit)
			if same := commonPrefix(c, d.Name); n < limit && (n < least || n == least && same > common) {
				best, least, common = d.Name, n, same
			}
		}
	}
	return best
}

func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// distance returns the number of letters to insert, remove or change to turn one word into the other, but at most limit.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return min(row[len(b)], limit)
}
