package generators_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing them")

// TestValidation generates a project whose kinds have markers of every form, compares the code that validates them, compiles it, and
// runs a test there of what is said of objects.
func TestValidation(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles a generated project")
	}
	dir := generateFrom(t, "testdata/validation.txtar", "Apple", "Orchard")
	compareGolden(t, "testdata/validation.golden.txtar", filepath.Join(dir, "pkg/generated/validation"))
	goRun(t, dir, "vet", "./pkg/generated/validation", "./pkg/apis")
	goRun(t, dir, "test", "./pkg/apis")
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
