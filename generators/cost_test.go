package generators_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/internal/markers"
)

// A costField is a field whose markers are tested with hostile bodies. testdata/cost.txtar derives the bodies from its Go type.
type costField struct {
	typ     string
	markers []string
}

func fieldOf(typ string, list ...string) costField { return costField{typ, list} }

// costs contains fields for each marker that affects the cost of validation.
var costs = map[string][]costField{
	"+default":               {fieldOf("[]Defaulted")},
	"+enum":                  {fieldOf("[]Color")},
	"+nullable":              {fieldOf("*Item", "+nullable")},
	"+optional":              {fieldOf("[]Item")},
	"+required":              {fieldOf("[]Keyed")},
	"+listType":              {fieldOf("[]string", "+listType=set"), fieldOf("[]int64", "+listType=set")},
	"+listMapKey":            {fieldOf("[]Keyed", "+listType=map", "+listMapKey=name"), fieldOf("[]Keyed", "+listType=map", "+listMapKey=name", "+listMapKey=number"), fieldOf("[]*Keyed", "+listType=map", "+listMapKey=name")},
	"+mapType":               {fieldOf("map[string]string", "+mapType=atomic")},
	"+structType":            {fieldOf("*Item", "+structType=atomic")},
	"+patchStrategy":         {fieldOf("[]Merged")},
	"+k8s:maxBytes":          {fieldOf("string", "+k8s:maxBytes=10")},
	"+k8s:format":            {fieldOf("string", "+k8s:format=k8s-long-name"), fieldOf("[]string", "+k8s:eachVal=+k8s:format=k8s-uuid")},
	"+k8s:neq":               {fieldOf("string", `+k8s:neq="none"`)},
	"+k8s:unique":            {fieldOf("[]string", "+k8s:unique=set"), fieldOf("[]Item", "+k8s:unique=set")},
	"+k8s:immutable":         {fieldOf("*Item", "+k8s:immutable"), fieldOf("[]string", "+k8s:immutable", "+k8s:maxItems=1000")},
	"+k8s:monotonic":         {fieldOf("*int64", "+k8s:monotonic")},
	"+k8s:update":            {fieldOf("[]string", "+k8s:listType=set", "+k8s:maxItems=100", "+k8s:eachVal=+k8s:maxLength=50000", "+k8s:update=NoAddItem", "+k8s:update=NoRemoveItem")},
	"+k8s:forbidden":         {fieldOf("*Item", "+k8s:forbidden")},
	"+k8s:required":          {fieldOf("*Needing")},
	"+k8s:dependentRequired": {fieldOf("*Item", "+k8s:dependentRequired(seed)")},
	"+k8s:unionMember":       {fieldOf("[]Juice", "+k8s:maxItems=1000")},
	"+k8s:zeroOrOneOfMember": {fieldOf("[]Peel", "+k8s:maxItems=1000")},
	"+k8s:eachVal":           {fieldOf("[]string", "+k8s:eachVal=+k8s:maxLength=3", `+k8s:eachVal=+k8s:neq="red"`, "+k8s:maxItems=1000"), fieldOf("map[string]string", "+k8s:eachVal=+k8s:maxLength=3")},
	"+k8s:eachKey":           {fieldOf("map[string]string", "+k8s:eachKey=+k8s:format=k8s-long-name", "+k8s:maxProperties=1000")},
	"+k8s:subfield":          {fieldOf("*Item", `+k8s:subfield(name)=+k8s:neq="red"`)},
	"+k8s:item":              {fieldOf("[]Keyed", "+k8s:listType=map", "+k8s:listMapKey=name", "+k8s:maxItems=1000", `+k8s:item(name: "a1")=+k8s:subfield(value)=+k8s:neq="red"`)},

	"+kubebuilder:validation:MinLength":  {fieldOf("string", "+kubebuilder:validation:MinLength=9000000")},
	"+kubebuilder:validation:MaxLength":  {fieldOf("string", "+kubebuilder:validation:MaxLength=10"), fieldOf("[]byte", "+kubebuilder:validation:MaxLength=10")},
	"+kubebuilder:validation:Pattern":    {fieldOf("string", "+kubebuilder:validation:Pattern=`^(a?){20}(x+x+)+y$`"), fieldOf("string", "+kubebuilder:validation:Pattern=`^[a-z0-9]*$`")},
	"+kubebuilder:validation:Format":     formats("string", "+kubebuilder:validation:Format="),
	"+kubebuilder:validation:Enum":       {fieldOf("string", "+kubebuilder:validation:Enum="+words(500))},
	"+kubebuilder:validation:Minimum":    {fieldOf("int64", "+kubebuilder:validation:Minimum=10"), fieldOf("map[string]Bounded")},
	"+kubebuilder:validation:MultipleOf": {fieldOf("float64", "+kubebuilder:validation:MultipleOf=0.5")},

	"+kubebuilder:validation:MinItems":      {fieldOf("[]string", "+kubebuilder:validation:MinItems=9000000")},
	"+kubebuilder:validation:MaxItems":      {fieldOf("[]string", "+kubebuilder:validation:MaxItems=8", "+listType=set"), fieldOf("[]Keyed", "+kubebuilder:validation:MaxItems=8", "+listType=map", "+listMapKey=name")},
	"+kubebuilder:validation:UniqueItems":   {fieldOf("[]string", "+kubebuilder:validation:UniqueItems=true"), fieldOf("[]Item", "+kubebuilder:validation:UniqueItems=true")},
	"+kubebuilder:validation:MinProperties": {fieldOf("map[string]string", "+kubebuilder:validation:MinProperties=9000000"), fieldOf("[]Counted")},
	"+kubebuilder:validation:MaxProperties": {fieldOf("map[string]Item", "+kubebuilder:validation:MaxProperties=8"), fieldOf("[]Counted")},

	"+kubebuilder:validation:AtMostOneOf":  {fieldOf("[]Most", "+kubebuilder:validation:MaxItems=1000")},
	"+kubebuilder:validation:AtLeastOneOf": {fieldOf("[]Least", "+kubebuilder:validation:MaxItems=1000")},
	"+kubebuilder:validation:ExactlyOneOf": {fieldOf("[]Exactly", "+kubebuilder:validation:MaxItems=1000")},
	"+kubebuilder:validation:XValidation": {
		fieldOf("string", rule("self.startsWith('x') || self.matches('^(a+)+$')"), "+kubebuilder:validation:MaxLength=10000"),
		fieldOf("[]string", rule("self.all(x, x.startsWith('a'))"), "+kubebuilder:validation:MaxItems=1000", "+kubebuilder:validation:items:MaxLength=4000"),
		fieldOf("[]string", rule("self.all(x, self.exists_one(y, y == x))"), "+kubebuilder:validation:MaxItems=100", "+kubebuilder:validation:items:MaxLength=100"),
		fieldOf("[]Keyed", rule("self.all(x, x == oldSelf[0] || x.name != 'b')"), "+listType=map", "+listMapKey=name", "+kubebuilder:validation:MaxItems=100"),
		fieldOf("map[string]string", rule("self.all(k, self[k] != k)"), "+kubebuilder:validation:MaxProperties=100"),
		fieldOf("[]Ruled", "+kubebuilder:validation:MaxItems=1000"),
		fieldOf("map[string]Ruled", "+kubebuilder:validation:MaxProperties=1000"),
		fieldOf("*Foreign"),
	},
	"+kubebuilder:validation:XIntOrString":                 {fieldOf("*intstr.IntOrString", "+kubebuilder:validation:XIntOrString", "+kubebuilder:validation:Pattern=`^[0-9]+%$`")},
	"+kubebuilder:validation:XPreserveUnknownFields":       {fieldOf("runtime.RawExtension", "+kubebuilder:validation:XPreserveUnknownFields")},
	"+kubebuilder:validation:Schemaless":                   {fieldOf("runtime.RawExtension", "+kubebuilder:validation:Schemaless", "+kubebuilder:pruning:PreserveUnknownFields")},
	"+kubebuilder:validation:items:MinLength":              {fieldOf("[]string", "+kubebuilder:validation:items:MinLength=9000000")},
	"+kubebuilder:validation:items:MaxLength":              {fieldOf("[]string", "+kubebuilder:validation:items:MaxLength=1")},
	"+kubebuilder:validation:items:Pattern":                {fieldOf("[]string", "+kubebuilder:validation:items:Pattern=`^[b-z]+$`"), fieldOf("[]string", "+kubebuilder:validation:items:Pattern=`^[a-z0-9]*$`")},
	"+kubebuilder:validation:items:Format":                 formats("[]string", "+kubebuilder:validation:items:Format="),
	"+kubebuilder:validation:items:Enum":                   {fieldOf("[]string", "+kubebuilder:validation:items:Enum="+words(500)), fieldOf("[]int64", "+kubebuilder:validation:items:Enum=1;2;3")},
	"+kubebuilder:validation:items:Minimum":                {fieldOf("[]int64", "+kubebuilder:validation:items:Minimum=10", "+kubebuilder:validation:items:ExclusiveMinimum=true")},
	"+kubebuilder:validation:items:Maximum":                {fieldOf("[]int64", "+kubebuilder:validation:items:Maximum=10", "+kubebuilder:validation:items:ExclusiveMaximum=true")},
	"+kubebuilder:validation:items:MultipleOf":             {fieldOf("[]float64", "+kubebuilder:validation:items:MultipleOf=0.5"), fieldOf("[]int64", "+kubebuilder:validation:items:MultipleOf=7")},
	"+kubebuilder:validation:items:MinItems":               {fieldOf("[][]string", "+kubebuilder:validation:items:MinItems=9000000")},
	"+kubebuilder:validation:items:MaxItems":               {fieldOf("[][]string", "+kubebuilder:validation:items:MaxItems=1")},
	"+kubebuilder:validation:items:UniqueItems":            {fieldOf("[][]string", "+kubebuilder:validation:items:UniqueItems=true")},
	"+kubebuilder:validation:items:MinProperties":          {fieldOf("[]map[string]string", "+kubebuilder:validation:items:MinProperties=9")},
	"+kubebuilder:validation:items:MaxProperties":          {fieldOf("[]map[string]string", "+kubebuilder:validation:items:MaxProperties=1")},
	"+kubebuilder:validation:items:XValidation":            {fieldOf("[]string", "+kubebuilder:validation:MaxItems=1000", "+kubebuilder:validation:items:MaxLength=4000", `+kubebuilder:validation:items:XValidation:rule="self.startsWith('x')",messageExpression="'not ' + self"`)},
	"+kubebuilder:validation:items:XIntOrString":           {fieldOf("[]intstr.IntOrString", "+kubebuilder:validation:items:XIntOrString", "+kubebuilder:validation:items:Pattern=`^[0-9]+%$`")},
	"+kubebuilder:validation:items:XPreserveUnknownFields": {fieldOf("[]runtime.RawExtension", "+kubebuilder:validation:items:XPreserveUnknownFields")},
}

// sameCost contains the markers that have the same effect as another one.
var sameCost = map[string]string{
	"kubebuilder:default": "default", "k8s:enum": "enum", "k8s:optional": "optional", "kubebuilder:validation:Optional": "optional", "kubebuilder:validation:Required": "required",
	"k8s:listType": "listType", "k8s:listMapKey": "listMapKey", "patchMergeKey": "patchStrategy", "k8s:dependentForbidden": "k8s:dependentRequired", "k8s:unionDiscriminator": "k8s:unionMember",
	"k8s:minimum": "kubebuilder:validation:Minimum", "k8s:maximum": "kubebuilder:validation:Minimum", "k8s:minLength": "kubebuilder:validation:MinLength", "k8s:maxLength": "kubebuilder:validation:MaxLength",
	"k8s:minItems": "kubebuilder:validation:MinItems", "k8s:maxItems": "kubebuilder:validation:MaxItems", "k8s:minProperties": "kubebuilder:validation:MinProperties", "k8s:maxProperties": "kubebuilder:validation:MaxProperties",
	"kubebuilder:validation:Maximum": "kubebuilder:validation:Minimum", "kubebuilder:validation:ExclusiveMinimum": "kubebuilder:validation:Minimum", "kubebuilder:validation:ExclusiveMaximum": "kubebuilder:validation:Minimum",
	"kubebuilder:validation:items:ExclusiveMinimum": "kubebuilder:validation:items:Minimum", "kubebuilder:validation:items:ExclusiveMaximum": "kubebuilder:validation:items:Maximum",
	"kubebuilder:pruning:PreserveUnknownFields": "kubebuilder:validation:Schemaless",
}

// costless lists the markers without effect on validation: they are for generators, clients, documentation and tables.
var costless = []string{
	"genclient", "genclient:", "group", "resourceName", "k8s:applyconfiguration-gen", "k8s:client-gen", "k8s:conversion-", "k8s:deepcopy-gen", "k8s:defaulter-gen", "k8s:informer-gen", "k8s:lister-gen", "k8s:openapi-",
	"kubebuilder:ac:", "kubebuilder:deprecatedversion", "kubebuilder:example", "kubebuilder:externalDocs", "kubebuilder:object:", "kubebuilder:printcolumn", "kubebuilder:resource", "kubebuilder:selectablefield",
	"kubebuilder:storageversion", "kubebuilder:subresource:", "kubebuilder:title", "union", "unionDeprecated", "unionDiscriminator", "kubebuilder:validation:Type", "kubebuilder:validation:items:Type",
}

func rule(expression string) string {
	return fmt.Sprintf("+kubebuilder:validation:XValidation:rule=%q", expression)
}

func words(n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("word-%d", i)
	}
	return strings.Join(out, ";")
}

func formats(typ, marker string) []costField {
	var out []costField
	for _, format := range []string{"uri", "email", "hostname", "ipv6", "cidr", "date-time", "duration", "byte", "uuid", "creditcard"} {
		out = append(out, fieldOf(typ, marker+format))
	}
	return out
}

// TestCost verifies that costs covers every marker. With COST=1, it generates a project whose kind has all these markers, and runs a test
// in it that sends hostile bodies to its validation and to that of a CRD.
func TestCost(t *testing.T) {
	registry, err := markers.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range registry.All() {
		_, same := sameCost[d.Name]
		listed := len(costs["+"+d.Name]) > 0 || same || slices.ContainsFunc(costless, func(prefix string) bool {
			return d.Name == prefix || strings.HasSuffix(prefix, ":") && strings.HasPrefix(d.Name, prefix) || strings.HasSuffix(prefix, "-") && strings.HasPrefix(d.Name, prefix) ||
				strings.HasPrefix(d.Name, prefix+":") || prefix == "group" && strings.HasPrefix(d.Name, prefix)
		})
		if d.Refusal == "" && !listed {
			t.Errorf("no hostile body is aimed at +%s: add a field that has it to costs", d.Name)
		}
	}
	for name, other := range sameCost {
		if len(costs["+"+other]) == 0 {
			t.Errorf("+%s costs what +%s does, which has no fields", name, other)
		}
	}
	if os.Getenv("COST") == "" {
		t.Skip("it takes minutes of CPU time: make test-fuzz runs it")
	}
	archive, err := txtar.ParseFile("testdata/cost.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for i := range archive.Files {
		archive.Files[i].Data = []byte(strings.Replace(string(archive.Files[i].Data), "\t// FIELDS\n", costFields(), 1))
	}
	file := filepath.Join(t.TempDir(), "cost.txtar")
	if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := generateFrom(t, file, "Apple")
	writeSchema(t, dir, types.Name{Package: "example.com/shop/pkg/apis/fruit/v1alpha1", Name: "Apple"}, "pkg/apis/schema.json")
	goRun(t, dir, "vet", "./pkg/apis")
	goRun(t, dir, "test", "-timeout", "20m", "./pkg/apis")
}

// costFields returns the fields of a spec with all of costs.
func costFields() string {
	var names []string
	for name := range costs {
		names = append(names, name)
	}
	slices.Sort(names)
	var b strings.Builder
	n := 0
	for _, name := range names {
		for _, f := range costs[name] {
			n++
			fmt.Fprintf(&b, "\n\t// +optional\n")
			for _, marker := range f.markers {
				fmt.Fprintf(&b, "\t// %s\n", marker)
			}
			fmt.Fprintf(&b, "\tField%d %s `json:\"field%[1]d,omitempty\" cost:%[3]q`\n", n, f.typ, strings.TrimPrefix(name, "+"))
		}
	}
	return b.String()
}
