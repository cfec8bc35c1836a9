package codegen

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
)

var update = flag.Bool("update", false, "write what is said of the problems into their archives")

// What is said of each project in testdata/problems is in the archive's last file.
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
			o := project(t, &txtar.Archive{Files: sources})
			if o.APIs == nil { // its doc.go is what is missing
				o.APIs = []API{{Group: "fruit.example.com", Version: "v1alpha1", Package: o.Module + "/pkg/apis/fruit/v1alpha1"}}
			}
			err = loadAndGenerate(t.Context(), o)
			var problems Diagnostics
			if !errors.As(err, &problems) {
				t.Fatalf("the error is %v, not Diagnostics", err)
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

func loadAndGenerate(ctx context.Context, o Options) error {
	p, err := Load(ctx, o)
	if err == nil {
		_, err = p.Generate(ctx)
	}
	return err
}
