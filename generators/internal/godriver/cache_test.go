package godriver

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/go/packages"
)

// TestFill fills a cache concurrently, and checks its content.
func TestFill(t *testing.T) {
	c, dir := cache{filepath.Join(t.TempDir(), "cache")}, write(t)
	answers := make([]string, 4)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			response, err := answer(t.Context(), c, request(dir))
			if err != nil {
				answers[i] = err.Error()
				return
			}
			for _, p := range response.Packages {
				answers[i] += fmt.Sprintln(p.ID, p.Name, p.GoFiles, p.IgnoredFiles)
			}
		})
	}
	all.Wait()
	if !strings.Contains(answers[0], "strings strings") || len(slices.Compact(slices.Clone(answers))) != 1 {
		t.Errorf("answers differ, or lack a package:\n%s", strings.Join(answers, "\n"))
	}
	stubs := 0
	err := filepath.WalkDir(c.dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(name)
		if strings.Contains(string(content), dir) {
			t.Errorf("%s has the project's folder in it", name)
		}
		if strings.HasPrefix(entry.Name(), ".new") {
			t.Errorf("%s is left over", name)
		}
		if entry.Name() == "stub.json" {
			stubs++
		}
		return err
	})
	if err != nil || stubs == 0 {
		t.Errorf("%d stubs, error %v", stubs, err)
	}
}

// TestShared verifies that projects with the same requirements share a table, even if their module paths differ.
func TestShared(t *testing.T) {
	c := cache{t.TempDir()}
	for _, goMod := range []string{"module example.com/shop\n\ngo 1.26\n", "// Ours.\nmodule \"example.com/shop\"\n\ngo 1.26\n", "module example.com/other\n\ngo 1.26\n"} {
		dir := write(t, "-- go.mod --\n"+goMod, "-- api/api.go --\npackage api\n\nimport _ \"strings\"\n")
		r := request(dir)
		r.Patterns = []string{"./api"}
		response, err := answer(t.Context(), c, r)
		if err != nil {
			t.Fatal(err)
		}
		if path := strings.Trim(strings.Fields(goMod[strings.Index(goMod, "module"):])[1], `"`); response.Roots[0] != path+"/api" {
			t.Errorf("roots %q for %s", response.Roots, path)
		}
	}
	if names, err := filepath.Glob(filepath.Join(c.tables(), "*")); err != nil || len(names) != 2 { // the second go.mod has a comment
		t.Errorf("tables %q, %v", names, err)
	}
}

// TestRefill adds imports to a project that the cache has a table for.
func TestRefill(t *testing.T) {
	c, dir := cache{t.TempDir()}, write(t)
	for _, imported := range []string{"errors", "text/template", "go/types"} {
		source := fmt.Sprintf("package unit\n\nimport _ %q\n\ntype Unit string\n", imported)
		if err := os.WriteFile(filepath.Join(dir, "internal/unit/unit.go"), []byte(source), 0o644); err != nil {
			t.Fatal(err)
		}
		response, err := answer(t.Context(), c, request(dir))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(response.Packages, func(p *packages.Package) bool { return p.ID == imported }) {
			t.Errorf("%s is missing", imported)
		}
	}
	if names, err := filepath.Glob(filepath.Join(c.tables(), "*")); err != nil || len(names) != 1 {
		t.Errorf("tables %q, %v", names, err)
	}
}

// TestDamage damages a cache like a full disk, a crash or a cleaner. The answer must stay the same, and the cache must be repaired.
func TestDamage(t *testing.T) {
	c, dir := cache{t.TempDir()}, write(t)
	first, err := answer(t.Context(), c, request(dir))
	if err != nil {
		t.Fatal(err)
	}
	one := func(pattern string) string {
		names, err := filepath.Glob(filepath.Join(c.dir, pattern))
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		return names[0]
	}
	var file string
	for _, p := range first.Packages {
		if p.ID == "strings" {
			file = p.GoFiles[0]
		}
	}
	for name, damage := range map[string]func() error{
		"table cut short":   func() error { return os.Truncate(one("tables/*.json"), 100) },
		"table gone":        func() error { return os.Remove(one("tables/*.json")) },
		"stub cut short":    func() error { return os.Truncate(file, 1) },
		"stub gone":         func() error { return os.Remove(file) },
		"stubs of one gone": func() error { return os.RemoveAll(filepath.Dir(file)) },
		"all stubs gone":    func() error { return os.RemoveAll(c.stubs()) },
		"indexes cut short": func() error {
			names, err := filepath.Glob(filepath.Join(c.dir, "stubs/*/stub.json"))
			for _, name := range names {
				err = os.Truncate(name, 10)
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := damage(); err != nil {
				t.Fatal(err)
			}
			again, err := answer(t.Context(), c, request(dir))
			if err != nil {
				t.Fatal(err)
			}
			for i, p := range again.Packages {
				if diff := cmp.Diff(first.Packages[i].GoFiles, p.GoFiles); diff != "" {
					t.Errorf("%s (-first +again):\n%s", p.ID, diff)
				}
				for _, name := range p.GoFiles {
					if info, err := os.Stat(name); err != nil || info.Size() < 10 {
						t.Errorf("%s: %v", name, err)
					}
				}
			}
		})
	}
}

// TestUnwritable verifies that a read-only cache is used, and that the go command answers without one.
func TestUnwritable(t *testing.T) {
	dir := write(t)
	caches, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CACHE_HOME", file) // not a folder, not even for root
	r := request(dir, "GOCACHE="+filepath.Join(caches, "go-build"))
	env, done, err := Env(t.Context(), r)
	defer done()
	if err == nil || slices.ContainsFunc(env, func(v string) bool { return strings.HasPrefix(v, "GOPACKAGESDRIVER=") }) {
		t.Errorf("the driver answers without a cache: %v", err)
	}
	if p := load(t, env, r)["strings"]; p == nil || p.Types.Scope().Lookup("Builder") == nil {
		t.Error("the go command does not answer")
	}
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("HOME", "")
	if _, done, err = Env(t.Context(), r); err == nil {
		t.Error("the driver answers without a home")
	}
	done()
}

func TestPrune(t *testing.T) {
	c, dir := cache{t.TempDir()}, write(t)
	if _, err := answer(t.Context(), c, request(dir)); err != nil {
		t.Fatal(err)
	}
	count := func() (tables, stubs int) {
		for pattern, n := range map[string]*int{"tables/*": &tables, "stubs/*": &stubs} {
			names, err := filepath.Glob(filepath.Join(c.dir, pattern))
			if err != nil {
				t.Fatal(err)
			}
			*n = len(names)
		}
		return tables, stubs
	}
	_, before := count()
	leftover := filepath.Join(c.stubs(), ".new-1") // of a killed process
	if err := os.Mkdir(leftover, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := c.prune(time.Now()); err != nil {
		t.Fatal(err)
	}
	if tables, stubs := count(); tables != 1 || stubs != before || exists(leftover) {
		t.Errorf("%d tables and %d of %d stubs are left", tables, stubs, before)
	}
	if err := c.prune(time.Now().Add(2 * unusedLimit)); err != nil {
		t.Fatal(err)
	}
	if tables, stubs := count(); tables != 0 || stubs != 0 {
		t.Errorf("%d tables and %d stubs are left", tables, stubs)
	}
}

// TestInterrupted verifies that waiting for another process ends with the context.
func TestInterrupted(t *testing.T) {
	c := cache{t.TempDir()}
	unlock, err := c.lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := answer(ctx, c, request(write(t))); err == nil {
		t.Error("the lock is taken twice")
	}
}
