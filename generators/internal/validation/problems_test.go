package validation_test

import (
	"errors"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/diagnostics"
	"github.com/apiserver-builder/builder/generators/internal/apis"
	"github.com/apiserver-builder/builder/generators/internal/apis/schema"
	"github.com/apiserver-builder/builder/generators/internal/fixture"
	"github.com/apiserver-builder/builder/generators/internal/validation"
)

const testPackage = "example.com/shop/pkg/apis/fruit/v1"

var update = flag.Bool("update", false, "write what is said of the problems into the archive")

// TestProblems puts markers where they cannot be honored. The last file of the archive contains the expected errors.
func TestProblems(t *testing.T) {
	const name = "testdata/problems.txtar"
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	last := &archive.Files[len(archive.Files)-1]
	_, err = generate(t, archive, "Rules", "OneOfs", "Path", "Costly", "Forest", "Spans", "Named", "Mixed", "Constraints")
	var problems diagnostics.List
	if !errors.As(err, &problems) {
		t.Fatalf("the error is %v, not Diagnostics", err)
	}
	got := err.Error() + "\n"
	if *update {
		last.Data = []byte(got)
		if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(last.Data), got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// generate writes the archive's files and generates code for the given kinds.
func generate(t *testing.T, archive *txtar.Archive, kinds ...string) (map[string][]byte, error) {
	t.Helper()
	o := fixture.Project(t, archive)
	o.APIs = []apis.API{{Group: "fruit.example.com", Version: "v1", Package: testPackage}}
	packages, err := apis.Load(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var names []types.Name
	for _, kind := range kinds {
		names = append(names, types.Name{Package: testPackage, Name: kind})
	}
	schemas, problems, err := schema.Read(t.Context(), o.Dir, nil, o.Module, names)
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	validators, found := validation.Read(names, packages, schemas)
	if err := found.Err(); err != nil {
		return nil, err
	}
	return validators.Generate("example.com/shop")
}

// TestNothing verifies that a kind without markers needs no code.
func TestNothing(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/problems.txtar")
	if err != nil {
		t.Fatal(err)
	}
	files, err := generate(t, archive, "Plain")
	if err != nil || len(files) > 0 {
		t.Errorf("got %d files and the error %v, want neither", len(files), err)
	}
}
