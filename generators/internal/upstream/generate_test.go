package upstream

import (
	"context"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/apiserver-builder/builder/generators/internal/apis"
	"github.com/apiserver-builder/builder/generators/internal/fixture"
)

// TestGeneratedCodeCompiles verifies that the generated code compiles together with the part of each API package from another generator,
// and that its tests pass.
func TestGeneratedCodeCompiles(t *testing.T) {
	for _, name := range []string{"apple", "market", "pod", "handwritten"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := project(t, name)
			p, err := apis.Load(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			before := fixture.Tree(t, o.Dir)
			files, err := Generate(t.Context(), p, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, fixture.Tree(t, o.Dir)); diff != "" {
				t.Fatalf("generating changed the project (-before +after):\n%s", diff)
			}
			fixture.Write(t, o.Dir, files)
			for _, api := range o.APIs {
				fixture.Write(t, o.Folder(api.Package), map[string][]byte{"zz_generated.register.go": register(t, p, api)})
			}
			goTool(t, o.Dir, "vet", "./...")
			if _, err := os.Stat(filepath.Join(o.Dir, "test")); err == nil {
				goTool(t, o.Dir, "test", "./test")
			}
		})
	}
}

func goTool(t testing.TB, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// TestGenerateIsDeterministic verifies that the files only depend on the types: not on the run, the order of the APIs, or existing
// generated files, even if these are broken.
func TestGenerateIsDeterministic(t *testing.T) {
	o := project(t, "market")
	p, err := apis.Load(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	first, err := Generate(t.Context(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Generate(t.Context(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("the same packages gave other files the second time (-first +second):\n%s", diff)
	}
	for name, content := range first {
		if strings.HasPrefix(path.Base(name), "zz_generated.") {
			content = append(content, "\nfunc broken( { stale\n"...)
		}
		fixture.Write(t, o.Dir, map[string][]byte{name: content})
	}
	fixture.Write(t, o.Dir, map[string][]byte{"pkg/generated/stale/stale.go": []byte("package stale\n\nvar x Unknown\n")})
	slices.Reverse(o.APIs)
	if diff := cmp.Diff(first, generate(t, o)); diff != "" {
		t.Errorf("another order of the APIs, or stale files, changed the outcome (-fresh +stale):\n%s", diff)
	}
}

// TestGenerateWithoutAPIs verifies that a project without APIs serves only apimachinery's definitions.
func TestGenerateWithoutAPIs(t *testing.T) {
	o := project(t, "apple")
	o.APIs = nil
	var names []string
	for name := range generate(t, o) {
		names = append(names, name)
	}
	if diff := cmp.Diff([]string{OpenAPIFile}, names); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestGenerateStops(t *testing.T) {
	p, err := apis.Load(t.Context(), project(t, "apple"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if files, err := Generate(ctx, p, nil); err == nil || files != nil {
		t.Errorf("Generate on a cancelled context gave %d files and %v", len(files), err)
	}
}

// BenchmarkGenerate measures one load and one generation of a project with one kind.
func BenchmarkGenerate(b *testing.B) {
	o := project(b, "apple")
	for b.Loop() {
		generate(b, o)
	}
}

// BenchmarkGenerateOnly measures the generation without the load.
func BenchmarkGenerateOnly(b *testing.B) {
	p, err := apis.Load(b.Context(), project(b, "apple"))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Generate(b.Context(), p, nil); err != nil {
			b.Fatal(err)
		}
	}
}
