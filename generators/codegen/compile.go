package codegen

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/apiserver-builder/builder/generators/gocmd"
)

// definitionsProgram prints the OpenAPI definitions of the package that it is given the path of.
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

// modelName leaves the names of models alone: only the path of a Go type has slashes.
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

// compileDefinitions compiles and runs the project's OpenAPI package with the generated files given, from an overlay: nothing
// is written to the project's folder. It is for what the evaluator can't know, such as a hand-written OpenAPISchemaType method.
func (p *Packages) compileDefinitions(ctx context.Context, raw map[string][]byte) (definitions, error) {
	scratch, err := os.MkdirTemp("", "codegen-overlay-")
	if err != nil {
		return nil, fmt.Errorf("making a temporary folder: %w", err)
	}
	defer os.RemoveAll(scratch)
	main := path.Join(GeneratedDir, "openapi", "internal", "definitions")
	files := map[string][]byte{
		path.Join(main, "main.go"): fmt.Appendf(nil, definitionsProgram, strconv.Quote(p.options.generated("openapi"))),
	}
	for file, src := range raw {
		if strings.HasPrefix(path.Base(file), "zz_generated.") {
			files[file] = src
		}
	}
	overlay, err := p.overlay(scratch, files)
	if err != nil {
		return nil, err
	}
	var stdout, stderr bytes.Buffer
	cmd := gocmd.Command(ctx, p.options.Dir, p.options.Env, "run", "-overlay", overlay, "./"+main)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Env = append(cmd.Environ(), "PWD="+p.options.Dir)
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("running the OpenAPI package of %s: %w\n%s", p.options.Dir, err, bytes.TrimSpace(stderr.Bytes()))
	}
	var defs definitions
	if err := json.Unmarshal(stdout.Bytes(), &defs); err != nil {
		return nil, fmt.Errorf("reading the OpenAPI definitions: %w", err)
	}
	return defs, nil
}

// overlay writes files outside the project, and a file that has the go command see them in it.
func (p *Packages) overlay(scratch string, files map[string][]byte) (string, error) {
	replace := map[string]string{}
	for name, src := range files {
		file := filepath.Join(scratch, strconv.Itoa(len(replace))+".go")
		if err := os.WriteFile(file, src, 0o600); err != nil {
			return "", fmt.Errorf("writing a temporary file: %w", err)
		}
		replace[filepath.Join(p.options.Dir, filepath.FromSlash(name))] = file
	}
	content, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	name := filepath.Join(scratch, "overlay.json")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		return "", fmt.Errorf("writing a temporary file: %w", err)
	}
	return name, nil
}
