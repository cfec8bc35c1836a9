package schema

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/gengo/v2/types"
	"sigs.k8s.io/yaml"

	"github.com/apiserver-builder/builder/generators/internal/fixture"
)

const (
	fruit  = "example.com/shop/pkg/apis/fruit/v1"
	common = "example.com/shop/pkg/apis/common/v1"
)

// project writes the project in the archive, after replacing text in it (old, new, ...).
func project(t *testing.T, edits ...string) string {
	t.Helper()
	archive := fixture.Parse(t, "testdata/shop.txtar")
	for i, file := range archive.Files {
		archive.Files[i].Data = []byte(strings.NewReplacer(edits...).Replace(string(file.Data)))
	}
	return fixture.Project(t, archive).Dir
}

func read(t *testing.T, edits ...string) (*Schemas, error) {
	t.Helper()
	schemas, problems, err := Read(t.Context(), project(t, edits...), nil, "example.com/shop", []types.Name{{Package: fruit, Name: "Apple"}})
	if err != nil {
		t.Fatal(err)
	}
	return schemas, problems.Err()
}

func TestRead(t *testing.T) {
	s, err := read(t)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "AppleSpec as it stands", s.Type(types.Name{Package: fruit, Name: "AppleSpec"}), `
allOf:
- $ref: '#/definitions/example.com~1shop~1pkg~1apis~1common~1v1~0Place'
properties:
  color: {$ref: '#/definitions/Color', default: Red, type: string}
  max: {default: 3, description: Max has its markers here., format: int32, maximum: 9, type: integer}
  min: {format: int32, type: integer}
  ratio: {type: number}
  sub: {$ref: '#/definitions/AppleSpec'}
  tags: {items: {maxLength: 5, type: string}, type: array, x-kubernetes-list-type: set}
required: [min]
type: object
description: AppleSpec says what an apple is.
x-kubernetes-validations: [{rule: self.min <= self.max}]
`)
	compare(t, "Place, which is in another package", s.Type(types.Name{Package: common, Name: "Place"}), `
description: Place is where something is.
properties: {row: {minLength: 1, maxLength: 20, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', type: string}}
required: [row]
type: object
`)
	kind := s.Kind(types.Name{Package: fruit, Name: "Apple"})
	if kind == nil {
		t.Fatal("there is no schema of Apple")
	}
	spec := kind.Properties["spec"]
	spec.Properties["sub"] = apiextensionsv1.JSONSchemaProps{} // ends the recursion
	compare(t, "Apple's spec, flat", &spec, `
description: AppleSpec says what an apple is.
properties:
  color: {default: Red, description: Color is a color., enum: [Green, Red], type: string}
  max: {default: 3, description: Max has its markers here., format: int32, maximum: 9, type: integer}
  min: {format: int32, type: integer}
  ratio: {type: number}
  row: {minLength: 1, maxLength: 20, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', type: string}
  sub: {}
  tags: {items: {maxLength: 5, type: string}, type: array, x-kubernetes-list-type: set}
required: [min, row]
type: object
x-kubernetes-validations: [{rule: self.min <= self.max}]
`)
	if got := s.Type(types.Name{Package: fruit, Name: "Pear"}); got != nil {
		t.Errorf("a type that is not there has the schema %v", got)
	}
}

// TestRewritten reads types that controller-tools can't read as they are written.
func TestRewritten(t *testing.T) {
	s, err := read(t, "\"example.com/shop/pkg/apis/common/v1\"\n", "\"example.com/shop/pkg/apis/common/v1\"\n\t\"k8s.io/apimachinery/pkg/runtime\"\n",
		"type AppleSpec struct {", `type AppleSpec struct {
	Level (*Level) `+"`json:\"level,omitempty\"`"+`
	// +k8s:required
	Whole v1.Level `+"`json:\"whole\"`"+`
	// +k8s:required
	Since metav1.Time `+"`json:\"since\"`"+`
	// +k8s:required
	Blob runtime.RawExtension `+"`json:\"blob\"`"+`
	// +k8s:required
	Place v1.Place `+"`json:\"place\"`", "type Color string", `type Color string

type (
	Level = Inner
	Inner = v1.Level
)`)
	if err != nil {
		t.Fatal(err)
	}
	const ref = "#/definitions/example.com~1shop~1pkg~1apis~1common~1v1~0"
	for name, want := range map[string]string{
		"level": "{$ref: '" + ref + "Level'}",
		"whole": "{$ref: '" + ref + "Level', minLength: 1}",
		"since": "{$ref: '#/definitions/k8s.io~1apimachinery~1pkg~1apis~1meta~1v1~0Time'}",
		"blob":  "{$ref: '#/definitions/k8s.io~1apimachinery~1pkg~1runtime~0RawExtension'}",
		"place": "{$ref: '" + ref + "Place', minProperties: 1}",
	} {
		got := s.Type(types.Name{Package: fruit, Name: "AppleSpec"}).Properties[name]
		compare(t, name, &got, want)
	}
}

func compare(t *testing.T, what string, got *apiextensionsv1.JSONSchemaProps, want string) {
	t.Helper()
	var schema apiextensionsv1.JSONSchemaProps
	if err := yaml.UnmarshalStrict([]byte(want), &schema); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&schema, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestProblems(t *testing.T) {
	const file = "pkg/apis/fruit/v1/types.go:"
	tests := map[string]struct {
		edits []string
		want  string
	}{
		"a marker on another type": {
			[]string{"+default=", "+kubebuilder:validation:Minimum=1\n\t// +default="},
			file + "20:2: the marker for minimum is for a numeric value, but the type in JSON is string: take the marker out",
		},
		"a field without a tag": {
			[]string{"`json:\"ratio,omitempty\"`", ""},
			file + `35:2: field Ratio of AppleSpec has no json tag: give it one with a name`,
		},
		"a marker on a type that needs no description": {
			[]string{"+default=", "+structType=atomic\n\t// +default="},
			file + "20:2: the marker for structType is for an object: take the marker out",
		},
		"an interface": {
			[]string{"Ratio float64", "Ratio interface{ String() string }"},
			file + "35:8: an interface has no schema: use a concrete type, or runtime.RawExtension for any JSON",
		},
		"fields that exclude each other": {
			[]string{"type Color string", "type Color string\n\n// +kubebuilder:validation:ExactlyOneOf=a;b.c\ntype One struct {\n\tA string `json:\"a,omitempty\"`\n}", "Ratio float64", "Ratio One"},
			file + "14:10: kubebuilder:validation:ExactlyOneOf: b.c is not a field of this struct: use fields of the struct itself",
		},
		"a value that no string has": {
			[]string{"+default=", "+k8s:neq=5\n\t// +default="},
			file + `18:2: +k8s:neq=5: no value of type "string" is equal to that`,
		},
		"types without a package": {
			[]string{"Ratio float64", "Ratio func(any, error)"},
			file + "35:8: it has no form in JSON: use another type",
		},
		"a type with type parameters": {
			[]string{"Ratio float64", "Ratio Box[string]", "type Color string", "type Color string; type Box[T any] []T"},
			file + "35:8: it is made from a type with type parameters, which Kubernetes' generators can't handle: declare it without them",
		},
		"another name of unsafe.Pointer": {
			[]string{"Ratio float64", "Ratio Address", "import (", "import (\n\t\"unsafe\"\n", "type Color string", "type Color string; type Address = unsafe.Pointer"},
			file + "37:8: an interface has no schema: use a concrete type, or runtime.RawExtension for any JSON",
		},
		"another name of a list": {
			[]string{"Ratio float64", "Ratio Numbers", "type Color string", "type Color string; type Numbers = []any"},
			file + "35:8: Numbers is another name of a type that has no name: declare it without the equals sign",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := read(t, test.edits...)
			if err == nil {
				t.Fatal("nothing is wrong")
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}
