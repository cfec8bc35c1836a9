package codegen

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
)

// The generated code compiles together with the part of each API package that another generator writes, and its tests pass.
func TestGeneratedCodeCompiles(t *testing.T) {
	for _, name := range []string{"apple", "market", "pod", "handwritten"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := fixture(t, name)
			p, err := Load(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			before := tree(t, o.Dir)
			files, err := p.Generate(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, tree(t, o.Dir)); diff != "" {
				t.Fatalf("generating changed the project (-before +after):\n%s", diff)
			}
			write(t, o.Dir, files)
			for _, api := range o.APIs {
				write(t, o.dir(api.Package), map[string][]byte{"zz_generated.register.go": register(t, p, api)})
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

// The files depend on the types alone: not on the run, on the order of the APIs, or on what is generated already, however
// broken that is.
func TestGenerateIsDeterministic(t *testing.T) {
	o := fixture(t, "market")
	p, err := Load(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	first, err := p.Generate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.Generate(t.Context())
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
		write(t, o.Dir, map[string][]byte{name: content})
	}
	write(t, o.Dir, map[string][]byte{"pkg/generated/stale/stale.go": []byte("package stale\n\nvar x Unknown\n")})
	slices.Reverse(o.APIs)
	if diff := cmp.Diff(first, generate(t, o)); diff != "" {
		t.Errorf("another order of the APIs, or stale files, changed the outcome (-fresh +stale):\n%s", diff)
	}
}

// A project without APIs serves apimachinery's definitions and nothing else.
func TestGenerateWithoutAPIs(t *testing.T) {
	o := fixture(t, "apple")
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
	p, err := Load(t.Context(), fixture(t, "apple"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if files, err := p.Generate(ctx); err == nil || files != nil {
		t.Errorf("Generate on a cancelled context gave %d files and %v", len(files), err)
	}
}

// BenchmarkGenerate is one load and one generation of a project with one kind.
func BenchmarkGenerate(b *testing.B) {
	o := fixture(b, "apple")
	for b.Loop() {
		generate(b, o)
	}
}

// BenchmarkGenerateOnly leaves the load out.
func BenchmarkGenerateOnly(b *testing.B) {
	p, err := Load(b.Context(), fixture(b, "apple"))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := p.Generate(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
