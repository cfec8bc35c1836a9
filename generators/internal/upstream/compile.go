package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/apiserver-builder/builder/generators/diagnostics"
	"github.com/apiserver-builder/builder/generators/internal/apis"
	"github.com/apiserver-builder/builder/internal/gocmd"
	"github.com/apiserver-builder/builder/internal/scratch"
)

// definitionsProgram prints the OpenAPI definitions of the package with the path in its argument.
const definitionsProgram = `package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/util"
	"k8s.io/kube-openapi/pkg/validation/spec"

	generated %s
)

// modelName returns a model's name unchanged, and converts the path of a Go type, which contains slashes.
func modelName(name string) string {
	if strings.Contains(name, "/") {
		return util.ToRESTFriendlyName(name)
	}
	return name
}

func main() {
	ref := func(name string) spec.Ref {
		return spec.MustCreateRef("#/definitions/" + modelName(name))
	}
	definitions := map[string]spec.Schema{}
	for name, definition := range generated.GetOpenAPIDefinitions(ref) {
		schema := definition.Schema
		if v2, ok := schema.Extensions[common.ExtensionV2Schema].(spec.Schema); ok {
			schema = v2
		}
		definitions[modelName(name)] = schema
	}
	if err := json.NewEncoder(os.Stdout).Encode(definitions); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
`

// compileDefinitions compiles and runs the project's OpenAPI package with the given generated files in an overlay, so it writes nothing to
// the project's folder. It is for definitions that the evaluator cannot handle, such as those from a hand-written OpenAPISchemaType method.
func (u *upstream) compileDefinitions(ctx context.Context, raw map[string][]byte) (definitions, error) {
	folder, remove, err := scratch.Dir()
	if err != nil {
		return nil, err
	}
	defer remove()
	main := path.Join(apis.GeneratedDir, "openapi", "internal", "definitions")
	files := map[string][]byte{
		path.Join(main, "main.go"): fmt.Appendf(nil, definitionsProgram, strconv.Quote(u.Generated("openapi"))),
	}
	for _, generated := range []map[string][]byte{u.beside, raw} {
		for file, src := range generated {
			if strings.HasPrefix(path.Base(file), "zz_generated.") {
				files[file] = src
			}
		}
	}
	overlay, err := u.overlay(folder, files)
	if err != nil {
		return nil, err
	}
	var stdout, stderr bytes.Buffer
	cmd := gocmd.Command(ctx, u.Dir, u.Env, "run", "-overlay", overlay, "./"+main)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Env = append(cmd.Environ(), "PWD="+u.Dir)
	if err := cmd.Run(); err != nil {
		if problems := u.programProblems(stderr.String()); len(problems) > 0 {
			return nil, problems
		}
		return nil, fmt.Errorf("running the OpenAPI package: %w\n%s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	var defs definitions
	if err := json.Unmarshal(stdout.Bytes(), &defs); err != nil {
		return nil, fmt.Errorf("reading the OpenAPI definitions: %w", err)
	}
	return defs, nil
}

var (
	compilerError = regexp.MustCompile(`(?m)^(\S+\.go):(\d+):(\d+): (.+)$`)
	panicked      = regexp.MustCompile(`(?m)^panic: (.+)$`)
	stackFrame    = regexp.MustCompile(`(?m)^\t(\S.*\.go):(\d+)`)
)

// programProblems returns the errors in hand-written code that the output of a failed go run reports: those of the compiler, or a panic.
func (u *upstream) programProblems(output string) diagnostics.List {
	var problems diagnostics.List
	for _, m := range compilerError.FindAllStringSubmatch(output, -1) {
		if pos, ok := u.ownPosition(m[1], m[2], m[3]); ok {
			problems.Add(pos, "%s", m[4])
		}
	}
	if m := panicked.FindStringSubmatch(output); m != nil {
		for _, frame := range stackFrame.FindAllStringSubmatch(output, -1) {
			file, trimmed := strings.CutPrefix(frame[1], u.Module+"/") // GOFLAGS may contain -trimpath
			if !trimmed && !filepath.IsAbs(file) {
				continue // a file of another module
			}
			if pos, ok := u.ownPosition(file, frame[2], "1"); ok {
				problems.Add(pos, "this panics while builder reads the OpenAPI schema of the type: %s", m[1])
				break
			}
		}
	}
	return problems
}

// ownPosition returns a position in a file of the project, and whether it is one.
func (u *upstream) ownPosition(file, line, column string) (token.Position, bool) {
	if !filepath.IsAbs(file) {
		file = filepath.Join(u.Dir, file)
	}
	pos := token.Position{Filename: u.Relative(file)}
	pos.Line, _ = strconv.Atoi(line)
	pos.Column, _ = strconv.Atoi(column)
	return pos, !filepath.IsAbs(pos.Filename)
}

// overlay writes files outside the project, and a file that makes the go command read them as part of it.
func (u *upstream) overlay(folder string, files map[string][]byte) (string, error) {
	replace := map[string]string{}
	for name, src := range files {
		file := filepath.Join(folder, strconv.Itoa(len(replace))+".go")
		if err := os.WriteFile(file, src, 0o600); err != nil {
			return "", fmt.Errorf("writing a temporary file: %w", err)
		}
		replace[filepath.Join(u.Dir, filepath.FromSlash(name))] = file
	}
	content, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	name := filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		return "", fmt.Errorf("writing a temporary file: %w", err)
	}
	return name, nil
}
