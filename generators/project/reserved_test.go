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

// TestTestFunctions compares testFunctions with the tests in the templates.
func TestTestFunctions(t *testing.T) {
	files, err := filepath.Glob("../../templates/*/test/*_test.go.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("../../templates/wiring/*/test/*_test.go.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	// Matches functions with at least two capital letters in their name.
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
