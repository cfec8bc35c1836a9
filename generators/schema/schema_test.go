package schema

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/gengo/v2/types"
	"sigs.k8s.io/yaml"
)

const (
	fruit  = "example.com/shop/pkg/apis/fruit/v1"
	common = "example.com/shop/pkg/apis/common/v1"
)

// project writes the project in the archive, changed by edits (old, new, ...), whose dependencies are this module's.
func project(t *testing.T, edits ...string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	archive, err := txtar.ParseFile("testdata/shop.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		content = regexp.MustCompile(`(?m)^module .*$`).ReplaceAll(content, []byte("module example.com/shop"))
		archive.Files = append(archive.Files, txtar.File{Name: name, Data: content})
	}
	for _, file := range archive.Files {
		target := filepath.Join(dir, filepath.FromSlash(file.Name))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			t.Fatal(err)
		}
		content := strings.NewReplacer(edits...).Replace(string(file.Data))
		if err := os.WriteFile(target, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func read(t *testing.T, edits ...string) (*Schemas, error) {
	t.Helper()
	return Read(t.Context(), project(t, edits...), nil, []types.Name{{Package: fruit, Name: "Apple"}})
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
  max: {default: 3, description: Max has its markers above., format: int32, maximum: 9, type: integer}
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
	spec.Properties["sub"] = apiextensionsv1.JSONSchemaProps{} // which ends somewhere
	compare(t, "Apple's spec, flat", &spec, `
description: AppleSpec says what an apple is.
properties:
  color: {default: Red, description: Color is a color., enum: [Red, Green], type: string}
  max: {default: 3, description: Max has its markers above., format: int32, maximum: 9, type: integer}
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
		"a marker that does not parse": {
			[]string{"Maximum=9", "Maximum=many"},
			file + `23:2: invalid maximum value: strconv.ParseFloat: parsing "many": invalid syntax`,
		},
		"a marker on another type": {
			[]string{"+default=", "+kubebuilder:validation:Minimum=1\n\t// +default="},
			file + "20:2: must apply minimum to a numeric value, found string",
		},
		"a field without a tag": {
			[]string{"`json:\"ratio,omitempty\"`", ""},
			file + `35:2: encountered struct field "Ratio" without JSON tag in type "AppleSpec"`,
		},
		"a value that no string has": {
			[]string{"+default=", "+k8s:neq=5\n\t// +default="},
			file + `18:2: +k8s:neq=5: no value of type "string" is equal to that`,
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
