package comments

import (
	"fmt"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lines formats the markers that Read returns for a file, one per line.
func lines(t *testing.T, name, source string) []string {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range Read(fset, file) {
		line := fmt.Sprintf("%d: %s on %s %s.%s", m.Pos.Line, m.Text, m.On, m.Name, strings.Join(m.Fields, ","))
		out = append(out, strings.TrimSuffix(strings.TrimSuffix(line, "."), " "))
	}
	return out
}

func TestRead(t *testing.T) {
	got := lines(t, "apple_types.go", `// Package v1alpha1 is the API.
//
// +groupName=fruit.example.com
package v1alpha1

// +far=away

// +near=by

// Apple is an apple.
//
// +genclient
//   +indented=yes
// +1 is no marker, and neither is a + by itself.
type Apple struct {
	// +detached

	// +inside
	A, B string // +behind
	// +embedded
	*metav1.TypeMeta
	// +last
}

// +function
func f() {
	// +body
}

// +above
type (
	// +genclient:nonNamespaced
	Pear struct{}

	// +second

	Plum struct{}
)

/*
+block
*/
type Quince = Pear

// +constant
const c = 1

// +end
`)
	want := []string{
		"3: +groupName=fruit.example.com on nothing",
		"6: +far=away on nothing",
		"8: +near=by on type Apple",
		"12: +genclient on type Apple",
		"13: +indented=yes on type Apple",
		"16: +detached on nothing",
		"18: +inside on field Apple.A,B",
		"19: +behind on nothing",
		"20: +embedded on field Apple.TypeMeta",
		"22: +last on nothing",
		"25: +function on function f",
		"27: +body on nothing",
		"30: +above on nothing",
		"32: +genclient:nonNamespaced on type Pear",
		"35: +second on type Plum",
		"40: +block on type Quince",
		"45: +constant on nothing",
		"48: +end on nothing",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the markers differ (-want +got):\n%s", diff)
	}
}

// TestReadDoc reads a doc.go. Every comment in it that is outside a declaration belongs to the package.
func TestReadDoc(t *testing.T) {
	got := lines(t, "doc.go", "// +k8s:openapi-gen=true\n\n// Package v1 is the API.\n// +groupName=fruit.example.com\npackage v1\n\n// +groupGoName=Fruit\n")
	want := []string{"1: +k8s:openapi-gen=true on package", "4: +groupName=fruit.example.com on package", "7: +groupGoName=Fruit on package"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the markers differ (-want +got):\n%s", diff)
	}
}
