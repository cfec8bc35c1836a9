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

// A Definition is one marker that is known.
type Definition struct {
	Name string
	// On are the targets it may be on.
	On []Target
	// Refusal says why a server can't honour the marker and what to do instead. It is empty for those that are honoured.
	Refusal string
	// Repeats says that one target may have several.
	Repeats bool
	// values, if there are any, are all that the marker may be set to; the empty string stands for a marker without a value.
	values []string
	// parsers are controller-tools' definitions, by what they describe.
	parsers map[Target]*upstream.Definition
}

// A Registry has all markers that are known.
type Registry struct {
	byName map[string]*Definition
}

// NewRegistry returns the markers of Kubernetes' generators and those of controller-tools, which parses the latter.
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
		if def.Output != reflect.TypeFor[crdmarkers.K8sEnumField]() { // which is there to be refused
			r.addUpstream(def)
		}
	}
	for name, refusal := range refused {
		r.byName[name].Refusal = refusal
	}
	return r, nil
}

// addUpstream adds one of controller-tools' definitions. Of those that Kubernetes' generators read too, theirs count.
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

// All returns the definitions by name.
func (r *Registry) All() []Definition {
	var out []Definition
	for _, d := range r.byName {
		out = append(out, *d)
	}
	slices.SortFunc(out, func(a, b Definition) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Lookup finds the definition of a marker, or nil. A marker's arguments may begin in what looks like its name, as in
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

// split takes a marker's text apart: its name, and the rest from what can't be part of a name.
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

// Parse returns what a marker says, in controller-tools' terms, or nil if it isn't one of controller-tools'. Check must have
// found it good.
func (r *Registry) Parse(m Marker) any {
	if d := r.Lookup(m.Text); d != nil && d.parsers[m.On] != nil {
		if value, err := d.parsers[m.On].Parse(m.Text); err == nil {
			return value
		}
	}
	return nil
}

// Check says what is wrong with a marker as it stands: its name, its place and its value. It returns "" for one that is good
// and for a line that is none of ours, such as another tool's marker or prose that begins with a plus sign.
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
		if next := strings.TrimSpace(rest); !family(name) && next[0] != '=' && next[0] != '#' {
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
	if d.Name == "default" { // its value is Go's or JSON's, which is checked with the field
		return ""
	}
	if _, err := parser.Parse(m.Text); err != nil {
		return fmt.Sprintf("marker %s: %s", m.Text, Reason(err))
	}
	return ""
}

// Reason is the first of controller-tools' errors, without the place in its scanner.
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
		return fmt.Sprintf("%q is no number", number.Num)
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

// family says whether a name is of a namespace whose markers are all known.
func family(name string) bool {
	return strings.HasPrefix(name, "kubebuilder:") || strings.HasPrefix(name, "k8s:") || strings.HasPrefix(name, "genclient")
}

// unknown says that there is no such marker, if that is sure: of one of the families, or hardly different from one there is.
func (r *Registry) unknown(text string) string {
	name, rest := split(text)
	if !family(name) && rest != "" && rest[0] != '=' {
		return "" // prose
	}
	near := r.nearest(name, rest)
	switch {
	case near != "":
		return fmt.Sprintf("unknown marker +%s: did you mean +%s?", name, near)
	case family(name):
		return fmt.Sprintf("unknown marker +%s: builder's docs/markers.md has a list of those that there are", name)
	}
	return ""
}

// nearest is the known name that a misspelt one was most likely meant to be, or "".
func (r *Registry) nearest(name, rest string) string {
	candidates := []string{name}
	if i := strings.LastIndexByte(name, ':'); i > 0 && strings.HasPrefix(rest, "=") {
		candidates = append(candidates, name[:i]) // without what may be an argument's name
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

// distance is the number of letters to insert, remove or change between two words, or limit if it is no less.
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
