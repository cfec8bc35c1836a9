package openapi

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"k8s.io/gengo/v2/types"
	"sigs.k8s.io/yaml"

	"github.com/apiserver-builder/builder/generators/codegen"
	"github.com/apiserver-builder/builder/generators/schema"
)

const (
	fixture = "testdata/shop.txtar"
	golden  = "testdata/definitions.yaml"
	module  = "example.com/shop"
	fruit   = module + "/pkg/apis/fruit/v1"
)

var update = flag.Bool("update", false, "write the definitions into "+golden)

// project writes the fixture, whose dependencies are this module's.
func project(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	archive, err := txtar.ParseFile(fixture)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range archive.Files {
		write(t, filepath.Join(dir, file.Name), file.Data)
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), regexp.MustCompile(`(?m)^module .*$`).ReplaceAll(content, []byte("module "+module)))
	}
	return dir
}

func write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// What is generated compiles, and its definitions have every constraint in its place.
func TestConstrain(t *testing.T) {
	dir := project(t)
	packages, err := codegen.Load(t.Context(), codegen.Options{
		Dir: dir, Module: module, APIs: []codegen.API{{Group: "fruit.example.com", Version: "v1", Package: fruit}},
	})
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := schema.Read(t.Context(), dir, nil, []types.Name{{Package: fruit, Name: "Apple"}})
	if err != nil {
		t.Fatal(err)
	}
	files, err := packages.Generate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	once, err := Constrain(files[codegen.OpenAPIFile], packages.Universe, schemas)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if strings.HasPrefix(name, "pkg/apis/") {
			write(t, filepath.Join(dir, name), content)
		}
	}
	write(t, filepath.Join(dir, codegen.OpenAPIFile), once)

	var stderr bytes.Buffer
	cmd := exec.Command("go", "run", "./print")
	cmd.Dir, cmd.Stderr = dir, &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	got, err := yaml.JSONToYAML(out)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		write(t, golden, got)
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the definitions differ (-want +got):\n%s", diff)
	}
}

func TestConstrainWhatIsNoGo(t *testing.T) {
	if _, err := Constrain([]byte("no Go"), types.Universe{}, &schema.Schemas{}); err == nil {
		t.Error("source that does not parse gives no error")
	}
}
