package generators_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/internal/apis/schema"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing them")

// TestValidation generates a project whose kinds have markers of every form, compares its validation with the golden files, compiles it,
// and runs a test of the validation in it.
func TestValidation(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles a generated project")
	}
	dir := generateFrom(t, "testdata/validation.txtar", "Apple", "Orchard")
	compareGolden(t, "testdata/validation.golden.txtar", filepath.Join(dir, "pkg/generated/validation"))
	writeSchema(t, dir, types.Name{Package: "example.com/shop/pkg/apis/fruit/v1alpha1", Name: "Apple"}, "pkg/apis/schema.json")
	goRun(t, dir, "vet", "./pkg/generated/validation", "./pkg/apis")
	goRun(t, dir, "test", "./pkg/apis")
}

// TestRules generates a project whose kind has CEL rules on fields of every Go type, and runs a test in it that compares the results with
// those of a CRD.
func TestRules(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles a generated project")
	}
	kinds := []string{"Sample", "Ledger"}
	dir := generateFrom(t, "testdata/rules.txtar", append(kinds, "Forest")...)
	for _, kind := range kinds {
		writeSchema(t, dir, types.Name{Package: "example.com/shop/pkg/apis/fruit/v1alpha1", Name: kind}, "pkg/apis/"+kind+".json")
	}
	goRun(t, dir, "vet", "./pkg/generated/validation", "./pkg/apis")
	goRun(t, dir, "test", "./pkg/apis")
}

// writeSchema writes the schema that a CRD would have for a kind of the project in dir.
func writeSchema(t *testing.T, dir string, kind types.Name, name string) {
	t.Helper()
	schemas, problems, err := schema.Read(t.Context(), dir, nil, "example.com/shop", []types.Name{kind})
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	content, err := json.Marshal(schemas.Kind(kind))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// compareGolden compares the files in a folder with an archive.
func compareGolden(t *testing.T, golden, dir string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	found := &txtar.Archive{}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		found.Files = append(found.Files, txtar.File{Name: filepath.Base(name), Data: content})
	}
	got := txtar.Format(found)
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got): regenerate with go test ./generators -run %s -update\n%s", golden, t.Name(), diff)
	}
}
