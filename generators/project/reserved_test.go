package project

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTestFunctions holds the names of tests that a project has against the templates that they are made of.
func TestTestFunctions(t *testing.T) {
	files, err := filepath.Glob("../../templates/*/test/*_test.go.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("../../templates/wiring/*/test/*_test.go.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	// A function whose name has a second capital letter.
	function := regexp.MustCompile(`(?m)^func Test([A-Z][a-z0-9]*[A-Z]\w*)\(`)
	found := map[string]bool{}
	for _, name := range append(files, more...) {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range function.FindAllSubmatch(source, -1) {
			found[string(match[1])] = true
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(found)), slices.Sorted(maps.Keys(testFunctions))); diff != "" {
		t.Errorf("-templates +testFunctions:\n%s", diff)
	}
}
