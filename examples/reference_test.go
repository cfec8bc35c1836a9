package examples

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReference runs "make docs" in a copy of each example. The output for fruit is a golden file. The others do not contain it, because
// their users have not run the command.
func TestReference(t *testing.T) {
	const output = "docs/api"
	for _, example := range examples {
		t.Run(example.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), example.name)
			if err := os.CopyFS(dir, os.DirFS(example.name)); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("make", "docs")
			cmd.Dir = dir
			if text, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("make docs: %v\n%s", err, text)
			}
			files, err := fs.Glob(os.DirFS(dir), output+"/*.md")
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, name := range files {
				content, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil {
					t.Fatal(err)
				}
				checkHeadings(t, name, string(content))
				names = append(names, strings.TrimSuffix(filepath.Base(name), ".md"))
				if example.name == "fruit" {
					compareReference(t, filepath.Join(example.name, name), content)
				}
			}
			versions, err := fs.Glob(os.DirFS(dir), "pkg/apis/*/*")
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, name := range versions {
				want = append(want, strings.ReplaceAll(strings.TrimPrefix(name, "pkg/apis/"), "/", "_"))
			}
			slices.Sort(want)
			if diff := cmp.Diff(want, names); diff != "" {
				t.Errorf("versions with a reference (-want +got):\n%s", diff)
			}
		})
	}
}

// checkHeadings verifies that every link to a type in a reference has a heading.
func checkHeadings(t *testing.T, name, content string) {
	t.Helper()
	headings := map[string]bool{}
	for line := range strings.Lines(content) {
		if heading, ok := strings.CutPrefix(strings.TrimSpace(line), "## "); ok {
			headings[strings.ToLower(heading)] = true
		}
	}
	for _, link := range strings.Split(content, "](#")[1:] {
		if anchor, _, _ := strings.Cut(link, ")"); !headings[anchor] {
			t.Errorf("%s: no heading for the link #%s", name, anchor)
		}
	}
}

func compareReference(t *testing.T, golden string, content []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(golden, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(content)); diff != "" {
		t.Errorf("%s (-expected +found): regenerate with go test ./examples -update\n%s", golden, diff)
	}
}
