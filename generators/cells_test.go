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
	dir := generateFrom(t, "testdata/cells.txtar", "Apple")
	goRun(t, dir, "vet", "./pkg/registry/...")
	goRun(t, dir, "test", "./pkg/registry/...")
}

// generateFrom writes the files of an archive to a new folder, and there all that is generated for a project that has these kinds.
func generateFrom(t *testing.T, archive string, kinds ...string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	files, err := txtar.ParseFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files.Files {
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
