package generators_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/apiserver-builder/builder/generators"
	"github.com/apiserver-builder/builder/generators/internal/fixture"
	"github.com/apiserver-builder/builder/generators/project"
)

// TestCells generates and compiles a project whose kind has a column and a default of every form, and runs tests of the cells and defaults
// in it.
func TestCells(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles a generated project")
	}
	dir := generateFrom(t, "testdata/cells.txtar", "Apple")
	goRun(t, dir, "vet", "./pkg/registry/...")
	goRun(t, dir, "test", "./pkg/registry/...")
}

// generateFrom writes the files of an archive to a new folder, and generates a project with the given kinds there.
func generateFrom(t *testing.T, archive string, kinds ...string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range fixture.Parse(t, archive).Files {
		fixture.Write(t, dir, map[string][]byte{file.Name: file.Data})
	}
	p, err := project.New("", "example.com", "example.com/shop")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range kinds {
		if err := p.AddKind("fruit", "v1alpha1", project.Kind{Name: kind}); err != nil {
			t.Fatal(err)
		}
	}
	plan, err := generators.Generate(t.Context(), dir, p, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Apply(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// goRun runs the go command in a folder.
func goRun(t *testing.T, dir string, args ...string) {
	t.Helper()
	run(t, dir, "go", args...)
}

// run runs a program in a folder.
func run(t *testing.T, dir, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, output)
	}
}
