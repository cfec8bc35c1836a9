package checks_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/apiserver-builder/builder/generators/diagnostics"
	"github.com/apiserver-builder/builder/generators/internal/apis"
	"github.com/apiserver-builder/builder/generators/internal/checks"
	"github.com/apiserver-builder/builder/generators/internal/fixture"
	"github.com/apiserver-builder/builder/generators/internal/upstream"
)

var update = flag.Bool("update", false, "write what is said of the problems into their archives")

// TestProblems checks the archives in testdata/problems. The last file of each contains the expected problems.
func TestProblems(t *testing.T) {
	archives, err := filepath.Glob("testdata/problems/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			sources, want := archive.Files, ""
			if last := len(archive.Files) - 1; archive.Files[last].Name == "problems" {
				sources, want = archive.Files[:last], string(archive.Files[last].Data)
			}
			o := fixture.Project(t, &txtar.Archive{Files: sources})
			if o.APIs == nil { // the archive tests a missing doc.go
				o.APIs = []apis.API{{Group: "fruit.example.com", Version: "v1alpha1", Package: o.Module + "/pkg/apis/fruit/v1alpha1"}}
			}
			err = loadAndGenerate(t.Context(), o)
			var problems diagnostics.List
			if !errors.As(err, &problems) {
				t.Fatalf("the error is %v, not diagnostics.List", err)
			}
			got := err.Error() + "\n"
			if *update {
				archive.Files = append(sources[:len(sources):len(sources)], txtar.File{Name: "problems", Data: []byte(got)})
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func loadAndGenerate(ctx context.Context, o apis.Options) error {
	m, err := apis.Load(ctx, o)
	if err != nil {
		return err
	}
	problems := m.Problems
	problems.Merge(checks.Check(m))
	if err := problems.Err(); err != nil {
		return err
	}
	_, err = upstream.Generate(ctx, m, nil)
	return err
}
