package generators_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apiserver-builder/builder/generators/internal/markers"
)

// TestDeclarative generates a project whose kind has validation-gen's markers, generates validation-gen's own code for them too, and runs a
// test in the project that compares the two.
func TestDeclarative(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles a generated project")
	}
	program := filepath.Join(t.TempDir(), "validation-gen")
	goRun(t, ".", "build", "-o", program, "k8s.io/code-generator/cmd/validation-gen")
	knowsAll(t, program)

	dir := generateFrom(t, "testdata/declarative.txtar", "Apple")
	const doc = "// +k8s:validation-gen=TypesWithSuffix=Spec\n// +k8s:validation-gen-scheme-registry=nil\n\npackage v1alpha1\n"
	if err := os.WriteFile(filepath.Join(dir, "pkg/apis/fruit/v1alpha1/doc.go"), []byte(doc), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, dir, program, "--output-file", "zz_generated.validations.go", "./pkg/apis/fruit/v1alpha1")
	goRun(t, dir, "test", "./pkg/apis")
}

// knowsAll compares the registry of markers with validation-gen's own list, except the markers for its tests.
func knowsAll(t *testing.T, program string) {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), program, "--docs").Output()
	if err != nil {
		t.Fatal(err)
	}
	var tags []struct{ Tag string }
	if err := json.Unmarshal(output, &tags); err != nil {
		t.Fatal(err)
	}
	registry, err := markers.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	if len(tags) == 0 {
		t.Error("validation-gen lists no markers")
	}
	for _, tag := range tags {
		if !strings.HasPrefix(tag.Tag, "k8s:validate") && registry.Lookup("+"+tag.Tag) == nil {
			t.Errorf("validation-gen's marker +%s is missing", tag.Tag)
		}
	}
}
