package server

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/gengo/v2/types"
	crdmarkers "sigs.k8s.io/controller-tools/pkg/crd/markers"

	"github.com/apiserver-builder/builder/generators/internal/apis"
	"github.com/apiserver-builder/builder/generators/internal/fixture"
)

const testPackage = "example.com/shop/pkg/apis/fruit/v1alpha1"

// load loads the API package in an archive of testdata.
func load(t *testing.T, name string) *apis.Model {
	t.Helper()
	o := fixture.Project(t, fixture.Parse(t, filepath.Join("testdata", name)))
	o.APIs = []apis.API{{Group: "fruit.example.com", Version: "v1alpha1", Package: testPackage}}
	packages, err := apis.Load(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

func TestColumns(t *testing.T) {
	apple := load(t, "columns.txtar").Universe.Type(types.Name{Package: testPackage, Name: "Apple"})
	t.Run("cells", func(t *testing.T) { testCells(t, apple) })
	t.Run("errors", func(t *testing.T) { testColumnErrors(t, apple) })
	t.Run("descriptions", func(t *testing.T) { testDescriptions(t, apple) })
	t.Run("none", func(t *testing.T) { testNoColumns(t, apple) })
}

func testCells(t *testing.T, apple *types.Type) {
	for _, test := range cells {
		t.Run(test.path, func(t *testing.T) {
			column, err := newColumn("Apple", "columnTest", apple, columnMarker{PrintColumn: crdmarkers.PrintColumn{Name: "Test", Type: test.typ, JSONPath: test.path}})
			if err != nil {
				t.Fatal(err)
			}
			got := column.Expr
			if column.Func != "" {
				_, body, _ := strings.Cut(column.Func, "any {")
				got = strings.TrimSuffix(body, "}")
				if column.Expr != "columnTest(in)" {
					t.Errorf("the cell is %s, which does not call the function", column.Expr)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("the cell differs (-want +got):\n%s", diff)
			}
		})
	}
}

var columnErrors = map[string]struct{ typ, path, want string }{
	"no such field":                {"string", ".spec.sise", `.spec.sise names no field: AppleSpec has no field "sise" in JSON`},
	"a Go name":                    {"string", ".spec.Text", `AppleSpec has no field "Text" in JSON`},
	"a field that JSON leaves out": {"string", ".spec.Hidden", `AppleSpec has no field "Hidden" in JSON`},
	"a field of a string":          {"string", ".spec.text.x", `string has no field "x" in JSON`},
	"a struct":                     {"string", ".spec", ".spec is a Go AppleSpec, which a column of type string can't show"},
	"a time as a string":           {"string", ".spec.when", "can't show"},
	"a string as a number":         {"integer", ".spec.text", "can't show"},
	"a float as an integer":        {"integer", ".spec.ratio", "can't show"},
	"a string as a date":           {"date", ".spec.text", "can't show"},
	"a string as a boolean":        {"boolean", ".spec.text", "can't show"},
	"an unknown type":              {"float", ".spec.ratio", `type "float" is none of string, integer, number, boolean and date`},
	"no dot":                       {"string", "spec.text", "has a step that is not a field, a key, an index or a filter"},
	"recursion":                    {"string", "..text", "has a step that is not a field, a key, an index or a filter"},
	"nothing":                      {"string", "", "can't show"},
	"two paths":                    {"string", ".spec.text}{.spec.color", "is not a JSONPath such as .spec.size"},
	"no JSONPath":                  {"string", ".spec[", "is not a JSONPath such as .spec.size"},
	"several elements":             {"string", ".spec.words[0:2]", ".spec.words[0:2] takes some elements of a list: write [*] for all of them, or the index of one"},
	"an index of a string":         {"string", ".spec.text[0]", ".spec.text[0] takes an element of something that is not a list"},
	"all elements of a map":        {"string", ".spec.labels[*]", "takes an element of something that is not a list"},
	"a list of structs":            {"string", ".spec.items", ".spec.items is a Go Item, which a column of type string can't show"},
	"numbers of texts":             {"integer", ".spec.words", "can't show"},
	"bytes":                        {"string", ".spec.raw", "can't show"},
	"another comparison":           {"string", `.spec.items[?(@.type!="red")].note`, `a filter that is not of the form [?(@.field=="word")] on a list`},
	"a filter on a nested field":   {"string", `.spec.items[?(@.plain.simple=="red")].note`, `a filter that is not of the form [?(@.field=="word")] on a list`},
	"a filter with a number":       {"string", `.spec.items[?(@.size==1)].note`, `a filter that is not of the form [?(@.field=="word")] on a list`},
	"a filter on a number":         {"string", `.spec.items[?(@.size=="1")].note`, `Item has no text field "size" in JSON`},
	"a filter on a pointer":        {"string", `.spec.items[?(@.note=="1")].type`, `Item has no text field "note" in JSON`},
	"a filter on a map":            {"string", `.spec.labels[?(@.type=="red")].note`, `a filter that is not of the form [?(@.field=="word")] on a list`},
}

func testColumnErrors(t *testing.T, apple *types.Type) {
	for name, test := range columnErrors {
		t.Run(name, func(t *testing.T) {
			column, err := newColumn("Apple", "columnTest", apple, columnMarker{PrintColumn: crdmarkers.PrintColumn{Name: "Test", Type: test.typ, JSONPath: test.path}})
			if err == nil {
				t.Fatalf("there is no error, but the cell %s%s", column.Expr, column.Func)
			}
			if !strings.HasPrefix(err.Error(), `column "Test": `) || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got the error %v, want one with %s", err, test.want)
			}
		})
	}
}

func testDescriptions(t *testing.T, apple *types.Type) {
	tests := map[string]struct {
		marker crdmarkers.PrintColumn
		want   string
	}{
		"the marker's":         {crdmarkers.PrintColumn{Description: "Its own.", JSONPath: ".spec.text"}, "Its own."},
		"the field's sentence": {crdmarkers.PrintColumn{JSONPath: ".spec.text"}, "Text is what the column says when it has no description of its own."},
		"the path":             {crdmarkers.PrintColumn{JSONPath: ".spec.color"}, ".spec.color"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.marker.Name, test.marker.Type = "Test", "string"
			column, err := newColumn("Apple", "columnTest", apple, columnMarker{PrintColumn: test.marker})
			if err != nil {
				t.Fatal(err)
			}
			if column.Description != test.want {
				t.Errorf("got %q, want %q", column.Description, test.want)
			}
		})
	}
}

// testNoColumns verifies that a kind without columns shows its age, as with a CustomResourceDefinition.
func testNoColumns(t *testing.T, apple *types.Type) {
	named := columnMarker{PrintColumn: crdmarkers.PrintColumn{Name: "Text", Type: "string", JSONPath: ".spec.text"}}
	for want, markers := range map[string][]columnMarker{`"Age"`: nil, `"Text"`: {named}} {
		v := &KindVersion{Hub: true, Type: "Apple"}
		(&reader{}).columns(v, apple, markers)
		if got := v.ShownColumns(); got != want {
			t.Errorf("the columns are %s, want %s", got, want)
		}
	}
}

func TestFuncName(t *testing.T) {
	for column, want := range map[string]string{
		"Ready": "columnReady", "ready": "columnReady", "Last seen": "columnLastSeen", "CPU-%": "columnCPU", "2nd": "column2nd", "": "column", "größe": "columnGröße",
	} {
		if got := funcName(column); got != want {
			t.Errorf("funcName(%q) = %s, want %s", column, got, want)
		}
	}
}
