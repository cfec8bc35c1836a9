// Package kubecodegen compares builder with k8s.io/code-generator's kube_codegen.sh of the same version: the generated files, the time and
// the memory.
package kubecodegen

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apiserver-builder/builder/internal/modcache"
)

// tools contains the two programs, from this checkout and from the module cache.
type tools struct {
	builder string
	// generate is the path of the script below.
	generate string
	// env contains GOBIN, where kube_codegen.sh installs its generators.
	env []string
}

// generate calls every function of kube_codegen.sh that generates the same files as builder, like a project's
// update-codegen.sh. gen_openapi fails on violations of the API rules that are not in its report, so the script updates the
// report. If the project has a program that prints the OpenAPI definitions, the apply configurations use it for Extract.
const generate = `set -euo pipefail
source "$1/kube_codegen.sh"
header=hack/boilerplate.go.txt
kube::codegen::gen_helpers --boilerplate "$header" pkg/apis
kube::codegen::gen_openapi --boilerplate "$header" --output-dir pkg/generated/openapi --output-pkg "$2/pkg/generated/openapi" \
    --output-model-name-file zz_generated.model_name.go --report-filename "$(mktemp -p "$TMPDIR")" --update-report pkg/apis
schema=
if [[ -d hack/models-schema ]]; then
    schema=$(mktemp -p "$TMPDIR")
    go run ./hack/models-schema >"$schema"
fi
kube::codegen::gen_client --boilerplate "$header" --output-dir pkg/generated --output-pkg "$2/pkg/generated" \
    --with-applyconfig --applyconfig-openapi-schema "$schema" --with-watch pkg/apis
`

func build(tb testing.TB) *tools {
	tb.Helper()
	dir := tb.TempDir()
	t := &tools{builder: filepath.Join(dir, "builder"), generate: filepath.Join(dir, "generate.sh")}
	t.env = append(os.Environ(), "GOBIN="+filepath.Join(dir, "bin"), "TMPDIR="+dir, "GOWORK=off")
	t.run(tb, "../..", "go", "build", "-o", t.builder, "./cmd/builder")
	if err := os.WriteFile(t.generate, []byte(generate), 0o600); err != nil {
		tb.Fatal(err)
	}
	return t
}

// moduleDir returns the folder of a module that builder depends on.
func (t *tools) moduleDir(tb testing.TB, module string) string {
	tb.Helper()
	dir, err := modcache.Dir(tb.Context(), "../..", module)
	if err != nil {
		tb.Fatal(err)
	}
	return dir
}

// kubeCodegen runs kube_codegen.sh on the project in dir.
func (t *tools) kubeCodegen(tb testing.TB, dir, module string) usage {
	tb.Helper()
	return t.measure(tb, t.kubeCodegenCommand(tb, dir, module))
}

func (t *tools) kubeCodegenCommand(tb testing.TB, dir, module string) *exec.Cmd {
	tb.Helper()
	return t.command(dir, "bash", t.generate, t.moduleDir(tb, "k8s.io/code-generator"), module)
}

// A usage is the time that a command used, including its child processes, and its output.
type usage struct {
	wall, processor time.Duration
	output          string
}

// run runs a command, which must succeed.
func (t *tools) run(tb testing.TB, dir, name string, args ...string) usage {
	tb.Helper()
	return t.measure(tb, t.command(dir, name, args...))
}

func (t *tools) measure(tb testing.TB, cmd *exec.Cmd) usage {
	tb.Helper()
	start := time.Now()
	output, err := cmd.CombinedOutput()
	wall := time.Since(start)
	if err != nil {
		tb.Fatalf("%s: %v\n%s", cmd, err, output)
	}
	return usage{wall, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), string(output)}
}

func (t *tools) command(dir, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, t.env
	return cmd
}

// isGenerated reports whether builder generate owns a file, by its path in the project.
func isGenerated(name string) bool {
	return strings.HasPrefix(filepath.Base(name), "zz_generated.") || strings.HasPrefix(name, "pkg/generated/")
}

// tree returns the contents of the files in dir for which keep returns true, by path with slashes.
func tree(tb testing.TB, dir string, keep func(name string) bool) map[string]string {
	tb.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil || !keep(filepath.ToSlash(rel)) {
			return err
		}
		content, err := os.ReadFile(name)
		files[filepath.ToSlash(rel)] = string(content)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return files
}

// replace replaces the first occurrence of a text in a file. The file must contain the text.
func replace(tb testing.TB, file, old, text string) {
	tb.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	if !bytes.Contains(content, []byte(old)) {
		tb.Fatalf("%s doesn't contain %q", file, old)
	}
	if err := os.WriteFile(file, bytes.Replace(content, []byte(old), []byte(text), 1), 0o600); err != nil {
		tb.Fatal(err)
	}
}
