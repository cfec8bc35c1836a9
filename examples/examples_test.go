// Package examples contains generated projects, each a separate module. They are the golden files of the generators: this test renders each
// of them in memory, and compares.
package examples

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/apiserver-builder/builder/generators"
	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/generators/scaffold"
)

var update = flag.Bool("update", false, "write the examples instead of comparing them")

// examples lists the seeded files that a user has edited or deleted. All other files are as rendered.
var examples = []struct {
	name   string
	edited []string
	// handOwned is an upper limit on the lines of Go that the user owns, without blank lines, comments and tests. README.md contains the
	// number.
	handOwned int
}{
	{name: "fruit", handOwned: 325, edited: []string{
		"config/samples/fruit_v1alpha1_apple.yaml",
		"config/samples/fruit_v1alpha1_orchard.yaml",
		"go.mod",
		"pkg/apis/fruit/v1alpha1/apple_types.go",
		"pkg/apis/fruit/v1alpha1/orchard_types.go",
		"pkg/registry/fruit/apple/approve.go",
		"pkg/registry/fruit/apple/strategy.go",
		"pkg/registry/fruit/orchard/strategy.go",
		"test/fruit_apple_approve_test.go",
		"test/fruit_apple_test.go",
		"test/fruit_orchard_test.go",
	}},
	{name: "machines", handOwned: 190, edited: []string{
		"README.md",
		"config/base/kustomization.yaml",
		"go.mod",
		"pkg/apis/subresources/v1/machine_console_types.go",
		"pkg/apis/subresources/v1/machine_portforward_types.go",
		"pkg/apis/subresources/v1/machine_proxy_types.go",
		"pkg/apis/subresources/v1/machine_start_types.go",
		"pkg/apis/subresources/v1/machine_types.go",
		"pkg/registry/subresources/machine/console.go",
		"pkg/registry/subresources/machine/log.go",
		"pkg/registry/subresources/machine/parent.go",
		"pkg/registry/subresources/machine/portforward.go",
		"pkg/registry/subresources/machine/proxy.go",
		"pkg/registry/subresources/machine/start.go",
		"test/subresources_machine_console_test.go",
		"test/subresources_machine_log_test.go",
		"test/subresources_machine_portforward_test.go",
		"test/subresources_machine_proxy_test.go",
		"test/subresources_machine_start_test.go",
		"test/subresources_machine_test.go",
	}},
	{name: "metrics", handOwned: 285, edited: []string{
		"README.md",
		"go.mod",
		"go.sum",
		"pkg/apiserver/options.go",
		"pkg/registry/dependencies.go",
		"pkg/registry/metrics/nodemetrics/storage.go",
		"pkg/registry/metrics/podmetrics/storage.go",
		"test/metrics_nodemetrics_test.go",
		"test/metrics_podmetrics_test.go",
	}},
	{name: "shop", handOwned: 140}, // made by the tour in README.md
	{name: "wardle", handOwned: 200, edited: []string{
		"config/samples/wardle_v1alpha1_fischer.yaml",
		"config/samples/wardle_v1alpha1_flunder.yaml",
		"go.mod",
		"pkg/admission/banflunder/plugin.go",
		"pkg/apis/wardle/v1alpha1/fischer_types.go",
		"pkg/apis/wardle/v1alpha1/flunder_types.go",
		"pkg/apiserver/fuzz_test.go",
		"pkg/apiserver/options.go",
		"pkg/registry/wardle/flunder/strategy.go",
		"test/banflunderplugin_test.go",
		"test/wardle_fischer_test.go",
		"test/wardle_flunder_test.go",
	}},
}

func TestGoldens(t *testing.T) {
	for _, example := range examples {
		t.Run(example.name, func(t *testing.T) {
			dir, err := filepath.Abs(example.name)
			if err != nil {
				t.Fatal(err)
			}
			p, err := project.Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				seed(t, dir, p, example.edited)
			}
			plan, err := generators.Generate(t.Context(), dir, p, nil)
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := plan.Apply(dir); err != nil {
					t.Fatal(err)
				}
			}
			compareGenerated(t, plan)
			compareSeeds(t, dir, p, example.edited)
			t.Run("packages listed by the go command", func(t *testing.T) { // instead of generators/internal/godriver
				t.Setenv("GOPACKAGESDRIVER", "off")
				plan, err := generators.Generate(t.Context(), dir, p, nil)
				if err != nil {
					t.Fatal(err)
				}
				compareGenerated(t, plan)
			})
		})
	}
}

func compareGenerated(t *testing.T, plan *scaffold.Plan) {
	t.Helper()
	for _, change := range plan.Changes {
		if change.Action != scaffold.Unchanged && !*update {
			t.Errorf("%s would be %s: regenerate with go test ./examples -update", change.Path, change.Action)
		}
	}
}

// compareSeeds compares the files that a user owns, except the edited ones, with those of a new project.
func compareSeeds(t *testing.T, dir string, p *project.Project, edited []string) {
	t.Helper()
	files, err := scaffold.Render(p)
	if err != nil {
		t.Fatal(err)
	}
	base, err := os.ReadFile(filepath.Join(dir, ".scaffold", "base.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range txtar.Parse(base).Files {
		if _, ok := files[file.Name]; !ok {
			t.Errorf("no template makes %s any more: delete it, and regenerate with go test ./examples -update", file.Name)
		}
	}
	var differ []string
	for _, name := range files.Paths() {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Errorf("%v: regenerate with go test ./examples -update", err)
			continue
		}
		if !bytes.Equal(got, files[name]) {
			differ = append(differ, name)
		}
	}
	if diff := cmp.Diff(edited, differ); diff != "" {
		t.Errorf("files that differ from a new project's (-expected +found): regenerate with go test ./examples -update\n%s", diff)
	}
}

// seed rewrites the files that a user owns, except the edited ones, and the record of them.
func seed(t *testing.T, dir string, p *project.Project, edited []string) {
	t.Helper()
	files, err := scaffold.Render(p)
	if err != nil {
		t.Fatal(err)
	}
	keep := map[string][]byte{}
	for _, name := range edited {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		keep[name] = content
	}
	if err := os.RemoveAll(filepath.Join(dir, ".scaffold")); err != nil {
		t.Fatal(err)
	}
	for _, name := range files.Paths() {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	plan, err := scaffold.NewPlan(os.DirFS(dir), files, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Apply(dir); err != nil {
		t.Fatal(err)
	}
	for name, content := range keep {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestVerified verifies that no file of an example disables the verification of certificates.
func TestVerified(t *testing.T) {
	for _, example := range examples {
		err := filepath.WalkDir(example.name, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(name) != ".go" && filepath.Ext(name) != ".yaml" {
				return err
			}
			content, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			for _, word := range []string{"insecureSkipTLSVerify", "InsecureSkipVerify", "Insecure: true"} {
				if bytes.Contains(content, []byte(word)) {
					t.Errorf("%s has %s", name, word)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestPinned verifies that workflows use actions at a commit, and name the version in a comment.
func TestPinned(t *testing.T) {
	workflows, err := filepath.Glob("*/.github/workflows/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	if len(workflows) != len(examples) {
		t.Errorf("found %v, want one workflow for each example", workflows)
	}
	pinned := regexp.MustCompile(`^ +- uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	for _, name := range append(workflows, "../.github/workflows/ci.yml") {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(content)) {
			if line = strings.TrimSuffix(line, "\n"); strings.Contains(line, "uses:") && !pinned.MatchString(line) {
				t.Errorf("%s: %q does not name a commit and its version", name, line)
			}
		}
	}
}
