package generators_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/apiserver-builder/builder/generators"
	"github.com/apiserver-builder/builder/generators/project"
)

// TestCells generates a project whose kind has a column of every form, compiles it, and runs a test there of what the cells say.
func TestCells(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles a generated project")
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	archive, err := txtar.ParseFile("testdata/cells.txtar")
	if err != nil {
		t.Fatal(err)
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
	p, err := project.New("", "example.com", "example.com/shop")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.AddKind("fruit", "v1alpha1", project.Kind{Name: "Apple"}); err != nil {
		t.Fatal(err)
	}
	plan, err := generators.Generate(t.Context(), dir, p, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Apply(dir); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"vet", "./pkg/registry/..."}, {"test", "./pkg/registry/..."}} {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = dir
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %v: %v\n%s", args, err, output)
		}
	}
}
