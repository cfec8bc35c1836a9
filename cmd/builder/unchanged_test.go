package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/apiserver-builder/builder/cmd/builder/internal/early"
	"github.com/apiserver-builder/builder/generators"
	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/internal/lock"
)

// ownRecords gives a test an empty cache, except for the stubs of dependencies.
func ownRecords(t *testing.T) {
	t.Helper()
	caches, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(caches, "builder", "packages"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "builder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(caches, "builder", "packages"), filepath.Join(dir, "builder", "packages")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOCACHE", filepath.Join(caches, "go-build"))
	t.Setenv("XDG_CACHE_HOME", dir)
}

// A disturbance makes a change, and returns a function that reverts it.
type disturbance func(t *testing.T, dir string) (undo func())

// appendTo appends to a file of the project, or creates it.
func appendTo(name, text string) disturbance {
	return func(t *testing.T, dir string) func() {
		content, err := os.ReadFile(filepath.Join(dir, name))
		write(t, dir, map[string]string{name: string(content) + text})
		return func() {
			if err == nil {
				write(t, dir, map[string]string{name: string(content)})
			} else if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func remove(name string) disturbance {
	return func(t *testing.T, dir string) func() {
		path := filepath.Join(dir, name)
		content, err := os.ReadFile(path)
		if err != nil || os.Remove(path) != nil {
			t.Fatalf("%s can't be removed: %v", name, err)
		}
		return func() { write(t, dir, map[string]string{name: string(content)}) }
	}
}

// made creates something other than a file.
func made(name string, create func(path string) error) disturbance {
	return func(t *testing.T, dir string) func() {
		path := filepath.Join(dir, name)
		if err := create(path); err != nil {
			t.Fatal(err)
		}
		return func() { os.RemoveAll(path) }
	}
}

func makeFolder(path string) error { return os.Mkdir(path, 0o755) }

func variable(name string, value func(t *testing.T) string) disturbance {
	return func(t *testing.T, _ string) func() {
		old, had := os.LookupEnv(name)
		if err := os.Setenv(name, value(t)); err != nil {
			t.Fatal(err)
		}
		return func() {
			if had {
				os.Setenv(name, old)
			} else {
				os.Unsetenv(name)
			}
		}
	}
}

func is(value string) func(*testing.T) string { return func(*testing.T) string { return value } }

// file returns a function that creates an executable file in a new folder.
func file(name, content string, value func(path string) string) func(*testing.T) string {
	return func(t *testing.T) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
		return value(path)
	}
}

const (
	apple    = "pkg/apis/fruit/v1alpha1/apple_types.go"
	server   = "pkg/apiserver/zz_generated.server.go"
	openAPI  = "pkg/generated/openapi/zz_generated.openapi.go"
	role     = "config/base/rbac/zz_generated.role.yaml"
	strayGen = "pkg/generated/notes.txt"
)

// disturbances contains changes that may affect generation.
var disturbances = map[string]disturbance{
	"types":                      appendTo(apple, "\n// A comment.\n"),
	"types gone":                 remove(apple),
	"new types":                  appendTo("pkg/apis/fruit/v1alpha1/pear_types.go", "package v1alpha1\n"),
	"new package":                appendTo("pkg/units/units.go", "package units\n"),
	"PROJECT":                    appendTo("PROJECT", "# A comment.\n"),
	"go.mod":                     appendTo("go.mod", "// A comment.\n"),
	"go.sum":                     appendTo("go.sum", "example.com/x v1.0.0 h1:x\n"),
	"boilerplate":                appendTo("hack/boilerplate.go.txt", "// Copyright.\n"),
	"markers of a controller":    appendTo("internal/controller/apple_controller.go", "\n// +kubebuilder:rbac:groups=apps,resources=pods,verbs=get\n"),
	"go.work":                    appendTo("go.work", "go 1.26\n\nuse .\n"),
	"vendor folder":              made("vendor", makeFolder),
	"nested module":              appendTo("pkg/apis/go.mod", "module example.com/apis\n"),
	"link to a folder":           made("pkg/linked", func(path string) error { return os.Symlink("apis", path) }),
	"named pipe":                 made("pkg/pipe.go", func(path string) error { return syscall.Mkfifo(path, 0o600) }),
	"generated file":             appendTo(server, "\n"),
	"generated file gone":        remove(openAPI),
	"generated manifest":         appendTo(role, "\n"),
	"generated manifest gone":    remove(role),
	"stray generated file":       appendTo("config/zz_generated.stray.yaml", "\n"),
	"stray file among generated": appendTo(strayGen, "\n"),
	"the user's file":            appendTo("config/base/kustomization.yaml", "# A comment.\n"),
	"the user's file gone":       remove("README.md"),
	"pristine files gone":        remove(".scaffold/base.txtar"),
	"left over by a killed run":  made(".builder-stage-1", makeFolder),
	"begun by a killed run":      appendTo(".builder-journal", "{}"),
	"GOFLAGS":                    variable("GOFLAGS", is("-mod=mod")),
	"GOOS":                       variable("GOOS", is("windows")),
	"CGO_ENABLED":                variable("CGO_ENABLED", is("0")),
	"GOWORK":                     variable("GOWORK", is("/go.work")),
	"go env -w":                  variable("GOENV", file("env", "GOARCH=riscv64\n", func(path string) string { return path })),
	"no driver":                  variable("GOPACKAGESDRIVER", is("off")),
	"another go command":         variable("PATH", file("go", "#!/bin/sh\nexit 1\n", func(path string) string { return filepath.Dir(path) + ":" + os.Getenv("PATH") })),
	"no go command":              variable("PATH", is("/nowhere")),
	"another cache":              variable("XDG_CACHE_HOME", (*testing.T).TempDir),
	"another builder at work": func(t *testing.T, dir string) func() {
		unlock, err := lock.Try(dir)
		if err != nil {
			t.Fatal(err)
		}
		return unlock
	},
	"record cut short": func(t *testing.T, _ string) func() {
		names, err := filepath.Glob(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "builder", "unchanged", "*"))
		if err != nil || len(names) != 1 {
			t.Fatalf("%q, %v", names, err)
		}
		content, err := os.ReadFile(names[0])
		if err != nil || os.Truncate(names[0], 100) != nil {
			t.Fatal(err)
		}
		return func() { os.WriteFile(names[0], content, 0o600) }
	},
}

// TestUnchanged makes one change at a time. builder may only exit early if the change does not affect generation.
func TestUnchanged(t *testing.T) {
	ownRecords(t)
	dir := shop(t)
	stdout, stderr, _ := do(t, dir, "generate")
	before := read(t, dir)
	var out, prose bytes.Buffer
	if !early.Generate(filepath.Join(dir, "pkg"), &out, &prose) || out.String() != stdout || prose.String() != stderr {
		t.Fatalf("the second run does not end early, or prints something else:\n%s%s", &prose, &out)
	}
	ends := func() bool { return early.Generate(dir, &bytes.Buffer{}, &bytes.Buffer{}) }
	for name, disturb := range disturbances {
		undo := disturb(t, dir)
		if ends() {
			t.Errorf("%s: builder ends early", name)
		}
		undo()
		if !ends() {
			t.Errorf("%s was undone, and builder does not end early", name)
		}
	}
	for name, disturb := range map[string]disturbance{
		"the same content again": appendTo(apple, ""),
		"notes":                  appendTo("notes.txt", "Mine.\n"),
		"history":                appendTo(".git/HEAD", "ref\n"),
		"what a run keeps":       appendTo(".builder/log.go", "\n"),
		"GOPROXY":                variable("GOPROXY", is("off")),
	} {
		undo := disturb(t, dir)
		if !ends() {
			t.Errorf("%s: builder does not end early", name)
		}
		undo()
	}

	// Changed generated files must be restored.
	for _, disturb := range []disturbance{appendTo(server, "\n"), remove(openAPI), appendTo(role, "\n"), appendTo(strayGen, "\n")} {
		disturb(t, dir)
	}
	must(t, dir, "generate")
	same(t, "what was generated is not restored", before, read(t, dir))
	out.Reset()
	if !early.Generate(dir, &out, &prose) || out.String() != stdout {
		t.Errorf("builder does not end early after it has restored files, or prints something else:\n%s", &out)
	}
}

// TestNotRemembered verifies that a run is not recorded if files changed during it, or if the go command listed packages.
func TestNotRemembered(t *testing.T) {
	ownRecords(t)
	dir := shop(t)
	p, err := project.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, memory := generators.NewRecorder(t.Context(), dir)
	plan, err := generators.Generate(ctx, dir, p, nil)
	if err != nil {
		t.Fatal(err)
	}
	before := read(t, dir)
	for _, name := range []string{apple, role} {
		write(t, dir, map[string]string{name: before[name] + "\n"})
		if err := memory.Save(plan, "", ""); err == nil || !strings.Contains(err.Error(), name+" has changed") {
			t.Errorf("%s was edited meanwhile, and Keep returns %v", name, err)
		}
		write(t, dir, map[string]string{name: before[name]})
	}
	write(t, dir, map[string]string{"pkg/apis/fruit/v1alpha1/new.go": "package v1alpha1\n"})
	if err := memory.Save(plan, "", ""); err == nil || !strings.Contains(err.Error(), "new.go has changed") {
		t.Errorf("a file was made meanwhile, and Keep returns %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "pkg/apis/fruit/v1alpha1/new.go")); err != nil {
		t.Fatal(err)
	}
	if err := memory.Save(plan, "", ""); err != nil || !early.Generate(dir, &bytes.Buffer{}, &bytes.Buffer{}) {
		t.Errorf("nothing has changed, and Keep returns %v", err)
	}
	t.Setenv("GOPACKAGESDRIVER", "off")
	must(t, dir, "generate")
	if early.Generate(dir, &bytes.Buffer{}, &bytes.Buffer{}) {
		t.Error("builder ends early where the go command listed packages")
	}
}
