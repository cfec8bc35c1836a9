package wiring

import (
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	crdmarkers "sigs.k8s.io/controller-tools/pkg/crd/markers"
)

// declared are the declarations in one Go file.
func declared(t *testing.T, source string) map[string]declaration {
	t.Helper()
	out := map[string]declaration{}
	if err := fileDeclarations("pkg/apis/fruit/v1alpha1/apple_types.go", []byte(source), out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDeclarations(t *testing.T) {
	got := map[string]string{}
	for name, d := range declared(t, `// Package v1alpha1 is the API.
//
// +groupName=fruit.example.com
package v1alpha1

// +far=away

// Apple is an apple.
//
// +genclient
//   +indented=yes
type Apple struct {
	// +inside
	Field string
}

func f() {
	// +inside
}

// +resourceName=pearls
type (
	// +genclient:nonNamespaced
	Pear struct{}
	Plum struct{}
)

/* +block */
type Quince = Pear
`) {
		var texts []string
		for _, m := range d.markers {
			texts = append(texts, m.text)
		}
		got[name] = d.pos.String() + " " + strings.Join(texts, " ")
	}
	file := "pkg/apis/fruit/v1alpha1/apple_types.go:"
	want := map[string]string{
		"Apple":  file + "12:6 +far=away +genclient +indented=yes",
		"Pear":   file + "24:2 +resourceName=pearls +genclient:nonNamespaced",
		"Plum":   file + "25:2 ",
		"Quince": file + "29:6 ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the declarations differ (-want +got):\n%s", diff)
	}
}

func TestDeclarationsOfAFolder(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"apple_types.go":              "package v1\n\ntype Apple struct{}\n",
		"apple_test.go":               "package v1\n\ntype Test struct{}\n",
		"zz_generated.deepcopy.go":    "package v1\n\ntype Generated struct{}\n",
		"zz_generated.not_go.go.orig": "no Go at all",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := declarations(filepath.Dir(dir), filepath.Base(dir))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := got["Apple"]; !ok || len(got) != 1 {
		t.Errorf("got %v, want Apple alone", got)
	}
	if _, err := declarations(dir, "missing"); err == nil {
		t.Error("a folder that is not there gives no error")
	}
}

func TestDeclarationMarkers(t *testing.T) {
	d := declaration{markers: []marker{{text: "+genclient"}, {text: "+resourceName=pearls"}, {text: "+resourceName=late"}}}
	for text, want := range map[string]bool{"+genclient": true, "+resourceName=": true, "+gen": false, "+genclient:nonNamespaced": false, "+resource": false} {
		if got := d.has(text); got != want {
			t.Errorf("has(%q) = %t, want %t", text, got, want)
		}
	}
	if got := d.value("resourceName"); got != "pearls" {
		t.Errorf("value = %q, want the first, pearls", got)
	}
	if got := d.value("resource"); got != "" {
		t.Errorf("value of a marker that is not there = %q", got)
	}
}

func TestReadKindMarkers(t *testing.T) {
	registry, err := newRegistry()
	if err != nil {
		t.Fatal(err)
	}
	at := func(line int) token.Position {
		return token.Position{Filename: "pkg/apis/fruit/v1alpha1/apple_types.go", Line: line, Column: 1}
	}
	read, problems := readKindMarkers(registry, declared(t, `package v1alpha1

// +kubebuilder:resource:path=apples,scope=Cluster,shortName=ap;app,categories=food,singular=one
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Size",type=integer,format=int32,description="how big",priority=1,JSONPath=`+"`.spec.size`"+`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=".metadata.creationTimestamp"
// +someone:else=1
type Apple struct{}
`)["Apple"])
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if !read.status {
		t.Error("the status subresource is missed")
	}
	wantResource := crdmarkers.Resource{Path: "apples", Scope: "Cluster", ShortName: []string{"ap", "app"}, Categories: []string{"food"}, Singular: "one"}
	if diff := cmp.Diff(wantResource, read.resource); diff != "" {
		t.Errorf("the resource differs (-want +got):\n%s", diff)
	}
	wantColumns := []columnMarker{
		{crdmarkers.PrintColumn{Name: "Size", Type: "integer", Format: "int32", Description: "how big", Priority: 1, JSONPath: ".spec.size"}, at(5)},
		{crdmarkers.PrintColumn{Name: "Age", Type: "date", JSONPath: ".metadata.creationTimestamp"}, at(6)},
	}
	for i, column := range wantColumns {
		wantColumns[i].pos.Offset, read.columns[i].pos.Offset = 0, 0
		if diff := cmp.Diff(column.PrintColumn, read.columns[i].PrintColumn); diff != "" || wantColumns[i].pos != read.columns[i].pos {
			t.Errorf("column %d is at %v (-want +got):\n%s", i, read.columns[i].pos, diff)
		}
	}
}

func TestReadKindMarkersErrors(t *testing.T) {
	registry, err := newRegistry()
	if err != nil {
		t.Fatal(err)
	}
	for marker, want := range map[string]string{
		"+kubebuilder:resorce:path=apples":                  "unknown marker +kubebuilder:resorce:path=apples: see kubebuilder's list of markers for types",
		"+kubebuilder:printcolumn:name=Size,type=integer":   `missing argument "JSONPath"`,
		"+kubebuilder:resource:path=apples,colour=red":      `unknown argument "colour"`,
		"+kubebuilder:printcolumn:name=\"Size,type=integer": "marker +kubebuilder:printcolumn",
	} {
		t.Run(marker, func(t *testing.T) {
			_, problems := readKindMarkers(registry, declared(t, "package v1alpha1\n\n// "+marker+"\ntype Apple struct{}\n")["Apple"])
			if len(problems) != 1 {
				t.Fatalf("got the problems %q, want one", problems)
			}
			got := problems[0].String()
			if !strings.HasPrefix(got, "pkg/apis/fruit/v1alpha1/apple_types.go:3:1: ") || !strings.Contains(got, want) || strings.Contains(got, "\n") {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestCheckNames(t *testing.T) {
	kind := func(name, resource string, short ...string) *Kind {
		return &Kind{Name: name, Resource: resource, Singular: strings.ToLower(name), shortNames: short, pos: token.Position{Filename: name + ".go", Line: 1, Column: 6}}
	}
	groups := func(kinds ...[]*Kind) *Server {
		s := &Server{}
		for _, k := range kinds {
			s.Groups = append(s.Groups, Group{Kinds: k})
		}
		return s
	}
	tests := map[string]struct {
		server *Server
		want   []string
	}{
		"different names": {server: groups([]*Kind{kind("Apple", "apples", "ap"), kind("Pear", "pears", "pe")})},
		"one plural": {server: groups([]*Kind{kind("Apple", "fruits"), kind("Pear", "fruits")}), want: []string{
			`Pear.go:1:6: Apple and Pear are both named "fruits" in kubectl: change one of them in its +kubebuilder:resource marker`,
		}},
		"one short name": {server: groups([]*Kind{kind("Apple", "apples", "x", "y"), kind("Pear", "pears", "z", "x")}), want: []string{
			`Pear.go:1:6: Apple and Pear are both named "x" in kubectl: change one of them in its +kubebuilder:resource marker`,
		}},
		"a short name that is a later kind's singular": {server: groups([]*Kind{kind("Apple", "apples", "pear"), kind("Pear", "pears")}), want: []string{
			`Apple.go:1:6: Pear and Apple are both named "pear" in kubectl: change one of them in its +kubebuilder:resource marker`,
		}},
		"one short name in two groups": {server: groups([]*Kind{kind("Apple", "apples", "x")}, []*Kind{kind("Pear", "pears", "x")}), want: []string{
			`Pear.go:1:6: Apple and Pear are both named "x" in kubectl: change one of them in its +kubebuilder:resource marker`,
		}},
		"one plural in two groups":           {server: groups([]*Kind{kind("Apple", "fruits")}, []*Kind{kind("Pear", "fruits")})},
		"a short name like the own singular": {server: groups([]*Kind{kind("Apple", "apples", "apple")})},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := &reader{}
			r.checkNames(test.server)
			var got []string
			for _, problem := range r.problems {
				got = append(got, problem.String())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("the problems differ (-want +got):\n%s", diff)
			}
		})
	}
}
