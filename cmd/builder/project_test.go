package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// do runs a command line in a folder, in this process.
func do(t testing.TB, dir string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	a := &app{
		stdin: strings.NewReader(""), stdout: &out, stderr: &errs, getenv: os.Getenv, executable: os.Executable, timeouts: defaultTimeouts,
		getwd: func() (string, error) { return dir, nil },
	}
	code = a.execute(t.Context(), args)
	return out.String(), errs.String(), code
}

// must runs command lines, which must succeed.
func must(t testing.TB, dir string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if stdout, stderr, code := do(t, dir, strings.Fields(line)...); code != 0 {
			t.Fatalf("builder %s: exit code %d\n%s%s", line, code, stdout, stderr)
		}
	}
}

// declaration creates a project with every kind of declaration. None of the lines generates code.
var declaration = []string{
	"init --domain example.com --module example.com/shop --generate=false",
	"create resource --group fruit --version v1alpha1 --kind Apple --short-names ap --categories food --generate=false",
	"create resource --group fruit --version v1alpha1 --kind Orchard --namespaced=false --plural orchardry --no-controller --generate=false",
	"create resource --group baked-goods --version v1 --kind Pie --no-controller --scale --generate=false",
	"create controller --group baked-goods --version v1 --kind Pie --generate=false",
	"create controller --group apps --version v1 --kind Deployment --generate=false",
	"create controller --group= --version v1 --kind Pod --generate=false",
	"create version --group empty --version v2beta1 --generate=false",
	"create group bare --generate=false",
}

// shop returns the folder of a new copy of the project that declaration creates. It is generated once for all tests.
func shop(t *testing.T) string {
	t.Helper()
	dir := folder(t)
	shopOnce.Do(func() {
		must(t, dir, declaration...)
		must(t, dir, "generate")
		shopFiles = read(t, dir)
	})
	if shopFiles == nil {
		t.Fatal("there is no project to copy: see the first test that failed")
	}
	write(t, dir, shopFiles)
	return dir
}

var (
	shopOnce  sync.Once
	shopFiles map[string]string
)

// folder returns an empty folder whose path has no symbolic links.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// read returns the content of all files in a folder. Keys are paths with slashes.
func read(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(name)
		files[filepath.ToSlash(rel)] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// write writes files to a folder.
func write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		target := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(target, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// replace replaces a text in a file. The file must contain the text.
func replace(t testing.TB, dir, name, old, replacement string) {
	t.Helper()
	target := filepath.Join(dir, filepath.FromSlash(name))
	content, err := os.ReadFile(target)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(content), old) {
		t.Fatalf("%s has no %q", name, old)
	}
	if err := os.WriteFile(target, []byte(strings.Replace(string(content), old, replacement, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// state returns a description of all files in a folder that changes if any file is touched.
func state(t testing.TB, dir string) string {
	t.Helper()
	text, err := describe(dir)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func same(t testing.TB, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
