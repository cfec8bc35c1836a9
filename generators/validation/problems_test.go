package validation_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"k8s.io/gengo/v2/types"

	"github.com/apiserver-builder/builder/generators/codegen"
	"github.com/apiserver-builder/builder/generators/schema"
	"github.com/apiserver-builder/builder/generators/validation"
)

const testPackage = "example.com/shop/pkg/apis/fruit/v1"

var update = flag.Bool("update", false, "write what is said of the problems into the archive")

// TestProblems has markers where they can't be honoured. What is said of them is in the archive's last file.
func TestProblems(t *testing.T) {
	const name = "testdata/problems.txtar"
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	last := &archive.Files[len(archive.Files)-1]
	_, err = generate(t, archive, "Rules", "OneOfs", "Path", "Costly", "Forest", "Named", "Constraints")
	var problems codegen.Diagnostics
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

// generate writes the archive's files and generates from the kinds in them. Their dependencies are this module's.
func generate(t *testing.T, archive *txtar.Archive, kinds ...string) (map[string][]byte, error) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	files := archive.Files
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		content = regexp.MustCompile(`(?m)^module .*$`).ReplaceAll(content, []byte("module example.com/shop"))
		files = append(files, txtar.File{Name: name, Data: content})
	}
	for _, file := range files {
		target := filepath.Join(dir, filepath.FromSlash(file.Name))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(target, file.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	apis := []codegen.API{{Group: "fruit.example.com", Version: "v1", Package: testPackage}}
	packages, err := codegen.Load(t.Context(), codegen.Options{Dir: dir, Module: "example.com/shop", APIs: apis})
	if err != nil {
		t.Fatal(err)
	}
	var names []types.Name
	for _, kind := range kinds {
		names = append(names, types.Name{Package: testPackage, Name: kind})
	}
	schemas, err := schema.Read(t.Context(), dir, nil, names)
	if err != nil {
		t.Fatal(err)
	}
	return validation.Generate("example.com/shop", names, packages, schemas)
}

// A kind without markers needs no code.
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
