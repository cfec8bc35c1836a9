package generators

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/generators/scaffold"
)

// TestRequireCEL compares the result with the go.mod of a project with rules after go mod tidy.
func TestRequireCEL(t *testing.T) {
	const fruit = "../examples/fruit"
	p, err := project.Load(fruit)
	if err != nil {
		t.Fatal(err)
	}
	files, err := scaffold.Render(p)
	if err != nil {
		t.Fatal(err)
	}
	if err := requireCEL(files); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(fruit, goMod))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(files[goMod])); diff != "" {
		t.Errorf("%s (-want +got):\n%s", goMod, diff)
	}
	plan, err := Scaffold(fruit, p, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range plan.Changes {
		if change.Path == goMod && change.Action != scaffold.Unchanged {
			t.Errorf("%s is %s without its rules", goMod, change.Action)
		}
	}
}
