package wiring

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"k8s.io/gengo/v2/types"
	crdmarkers "sigs.k8s.io/controller-tools/pkg/crd/markers"

	"github.com/apiserver-builder/builder/generators/codegen"
)

const testPackage = "example.com/shop/pkg/apis/fruit/v1alpha1"

// load loads the API package in an archive of testdata. Its dependencies are this module's.
func load(t *testing.T, name string) *codegen.Packages {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	archive, err := txtar.ParseFile(filepath.Join("testdata", name))
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
		if err := os.WriteFile(target, file.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	packages, err := codegen.Load(t.Context(), codegen.Options{
		Dir: dir, Module: "example.com/shop",
		APIs: []codegen.API{{Group: "fruit.example.com", Version: "v1alpha1", Package: testPackage}},
	})
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
}

var cells = []struct{ typ, path, want string }{
	{"string", ".metadata.name", "in.Name"},
	{"date", ".metadata.creationTimestamp", "metatable.ConvertToHumanReadableDateType(in.CreationTimestamp)"},
	{"string", ".spec.text", "in.Spec.Text"},
	{"string", ".spec.color", "string(in.Spec.Color)"},
	{"integer", ".spec.small", "int64(in.Spec.Small)"},
	{"integer", ".spec.big", "int64(in.Spec.Big)"},
	{"integer", ".spec.level", "int64(in.Spec.Level)"},
	{"number", ".spec.ratio", "float64(in.Spec.Ratio)"},
	{"number", ".spec.small", "float64(in.Spec.Small)"},
	{"boolean", ".spec.flag", "in.Spec.Flag"},
	{"boolean", ".spec.switch", "bool(in.Spec.Switch)"},
	{"date", ".spec.when", "metatable.ConvertToHumanReadableDateType(in.Spec.When)"},
	{"string", ".spec.every", "in.Spec.Every.Duration.String()"},
	{"string", ".spec.size", "in.Spec.Size.String()"},
	{"string", ".spec.port", "in.Spec.Port.String()"},
	{"string", ".spec.only", "in.Spec.Inlined.Only"},
	{"string", ".spec.inlinedLabel", "in.Spec.Inlined.Label"},
	{"string", ".spec.label", "in.Spec.Label"},
	{"string", ".spec.simple", "in.Spec.Simple"},
	{"string", ".spec.small", "fmt.Sprint(in.Spec.Small)"},
	{"string", ".spec.switch", "fmt.Sprint(in.Spec.Switch)"},
	{"string", ".spec.ratio", "fmt.Sprint(in.Spec.Ratio)"},

	{"string", ".spec.textPtr", `
	if in.Spec.TextPtr == nil {
		return nil
	}
	return *in.Spec.TextPtr
`},
	{"string", ".spec.colorPtr", `
	if in.Spec.ColorPtr == nil {
		return nil
	}
	return string(*in.Spec.ColorPtr)
`},
	{"integer", ".spec.bigPtr", `
	if in.Spec.BigPtr == nil {
		return nil
	}
	return int64(*in.Spec.BigPtr)
`},
	{"boolean", ".spec.flagPtr", `
	if in.Spec.FlagPtr == nil {
		return nil
	}
	return *in.Spec.FlagPtr
`},
	{"date", ".spec.whenPtr", `
	if in.Spec.WhenPtr == nil {
		return nil
	}
	return metatable.ConvertToHumanReadableDateType(*in.Spec.WhenPtr)
`},
	{"string", ".spec.sizePtr", `
	if in.Spec.SizePtr == nil {
		return nil
	}
	return in.Spec.SizePtr.String()
`},
	{"string", ".spec.nested.deeper.name", `
	if in.Spec.Nested == nil {
		return nil
	}
	if in.Spec.Nested.Deeper == nil {
		return nil
	}
	if in.Spec.Nested.Deeper.Name == nil {
		return nil
	}
	return *in.Spec.Nested.Deeper.Name
`},
	{"string", ".spec.maybe", `
	if in.Spec.Optional == nil {
		return nil
	}
	return in.Spec.Optional.Maybe
`},
	{"string", ".metadata.labels.tier", `
	value1, ok := in.Labels["tier"]
	if !ok {
		return nil
	}
	return value1
`},
	{"string", `.spec.labels.app\.example\.com/name`, `
	value1, ok := in.Spec.Labels["app.example.com/name"]
	if !ok {
		return nil
	}
	return value1
`},
	{"string", `.metadata.annotations['app\.example\.com/name']`, `
	value1, ok := in.Annotations["app.example.com/name"]
	if !ok {
		return nil
	}
	return value1
`},
	{"string", ".spec.limits.cpu", `
	value1, ok := in.Spec.Limits["cpu"]
	if !ok {
		return nil
	}
	return value1.String()
`},
	{"integer", ".spec.matrix.a.b", `
	value1, ok := in.Spec.Matrix["a"]
	if !ok {
		return nil
	}
	value2, ok := value1["b"]
	if !ok {
		return nil
	}
	return int64(value2)
`},
	{"string", ".spec.mapPtr.a", `
	if in.Spec.MapPtr == nil {
		return nil
	}
	value1, ok := (*in.Spec.MapPtr)["a"]
	if !ok {
		return nil
	}
	return value1
`},
	{"string", ".spec.listPtr[1]", `
	if in.Spec.ListPtr == nil {
		return nil
	}
	if len((*in.Spec.ListPtr)) <= 1 {
		return nil
	}
	return (*in.Spec.ListPtr)[1]
`},
	{"string", ".spec.words[0]", `
	if len(in.Spec.Words) <= 0 {
		return nil
	}
	return in.Spec.Words[0]
`},
	{"integer", ".spec.pointers[0].size", `
	if len(in.Spec.Pointers) <= 0 {
		return nil
	}
	if in.Spec.Pointers[0] == nil {
		return nil
	}
	return int64(in.Spec.Pointers[0].Size)
`},
	{"integer", `.spec.items[?(@.type=="red")].size`, `
	for i := range in.Spec.Items {
		if in.Spec.Items[i].Type == "red" {
			return int64(in.Spec.Items[i].Size)
		}
	}
	return nil
`},
	{"string", `.spec.items[?(@.type=='red')].parts[?(@.type=='blue')].note`, `
	for i := range in.Spec.Items {
		if in.Spec.Items[i].Type == "red" {
			for ii := range in.Spec.Items[i].Parts {
				if in.Spec.Items[i].Parts[ii].Type == "blue" {
					if in.Spec.Items[i].Parts[ii].Note == nil {
						return nil
					}
					return *in.Spec.Items[i].Parts[ii].Note
				}
			}
			return nil
		}
	}
	return nil
`},
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
	"all elements":                 {"string", ".spec.words[*]", "more than one index"},
	"the last element":             {"string", ".spec.words[-1]", "more than one index"},
	"several elements":             {"string", ".spec.words[0:2]", "more than one index"},
	"an index of a string":         {"string", ".spec.text[0]", "an index of something that is not a list"},
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

func TestFuncName(t *testing.T) {
	for column, want := range map[string]string{
		"Ready": "columnReady", "ready": "columnReady", "Last seen": "columnLastSeen", "CPU-%": "columnCPU", "2nd": "column2nd", "": "column", "größe": "columnGröße",
	} {
		if got := funcName(column); got != want {
			t.Errorf("funcName(%q) = %s, want %s", column, got, want)
		}
	}
}
