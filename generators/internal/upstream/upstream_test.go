package upstream

import (
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

// commands lists the programs of upstream's generators.
var commands = []string{
	"k8s.io/code-generator/cmd/applyconfiguration-gen",
	"k8s.io/code-generator/cmd/client-gen",
	"k8s.io/code-generator/cmd/deepcopy-gen",
	"k8s.io/code-generator/cmd/defaulter-gen",
	"k8s.io/code-generator/cmd/informer-gen",
	"k8s.io/code-generator/cmd/lister-gen",
	"k8s.io/kube-openapi/cmd/openapi-gen",
}

// TestSameAsUpstream verifies that upstream's own commands, with the arguments of kube_codegen.sh, write the same bytes. One file may
// change afterwards: server.TrackResources makes the fake clientset find resources whose names client-go guesses wrong.
func TestSameAsUpstream(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs seven programs")
	}
	bin := t.TempDir()
	goTool(t, ".", append([]string{"build", "-o", bin + string(filepath.Separator)}, commands...)...)
	for _, test := range []struct {
		name string
		// except lists files that are not compared. The cases contain the reasons.
		except []string
	}{
		{name: "market"},
		// Upstream describes each type of k8s.io/api/core/v1; the test in the archive verifies that builder describes only those in
		// use. Upstream's apply configurations of structs that embed a struct of another module do not compile.
		{name: "pod", except: []string{
			OpenAPIFile, "pkg/generated/applyconfiguration/jobs/v1/check.go", "pkg/generated/applyconfiguration/jobs/v1/jobspec.go",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := project(t, test.name)
			p, err := apis.Load(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			files, err := Generate(t.Context(), p, nil)
			if err != nil {
				t.Fatal(err)
			}
			before := fixture.Tree(t, o.Dir)
			runUpstream(t, bin, p, files)
			want, got := fixture.Tree(t, o.Dir), map[string]string{}
			for name := range before {
				delete(want, name)
			}
			for name, content := range files {
				got[name] = string(content)
			}
			for _, name := range test.except {
				delete(want, name)
				delete(got, name)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("files (-upstream +ours):\n%s", diff)
			}
		})
	}
}

// runUpstream runs the commands on the project that p was loaded from. applyconfiguration-gen gets the schema from the compiled
// definitions, so this also compares the evaluator with the compiler.
func runUpstream(t *testing.T, bin string, p *apis.Model, ours map[string][]byte) {
	t.Helper()
	o := &p.Options
	work := t.TempDir()
	fixture.Write(t, work, map[string][]byte{"boilerplate": o.Boilerplate})
	var inputs, groupVersions, clients []string
	for _, api := range o.APIs {
		inputs = append(inputs, api.Package)
		if p.HasClient(api.Package) {
			clients = append(clients, api.Package)
			groupVersions = append(groupVersions, "--input", path.Base(path.Dir(api.Package))+"/"+api.Version)
		}
	}
	run := func(name string, args ...string) {
		cmd := exec.Command(filepath.Join(bin, name), append([]string{"--go-header-file", filepath.Join(work, "boilerplate")}, args...)...)
		cmd.Dir = o.Dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
		}
	}
	out := func(elem ...string) []string {
		return []string{"--output-dir", filepath.Join(o.Dir, apis.GeneratedDir, filepath.Join(elem...)), "--output-pkg", o.Generated(elem...)}
	}
	run("deepcopy-gen", append([]string{"--output-file", "zz_generated.deepcopy.go"}, inputs...)...)
	run("defaulter-gen", append([]string{"--output-file", "zz_generated.defaults.go"}, inputs...)...)
	openapi := append(out("openapi"), "--output-file", "zz_generated.openapi.go", "--report-filename", os.DevNull,
		"--output-model-name-file", "zz_generated.model_name.go")
	readOnly := slices.Clone(apis.OpenAPIBase)
	for name := range p.External { // upstream needs these as arguments
		readOnly = append(readOnly, name.Package)
	}
	for _, pkg := range readOnly {
		openapi = append(openapi, "--readonly-pkg", pkg)
	}
	run("openapi-gen", append(append(openapi, readOnly...), inputs...)...)

	schema, err := (&upstream{Model: p}).compileDefinitions(t.Context(), ours)
	if err != nil {
		t.Fatal(err)
	}
	fixture.Write(t, work, map[string][]byte{"schema.json": document(t, p, schema)})
	run("applyconfiguration-gen", append(append(out("applyconfiguration"), "--openapi-schema", filepath.Join(work, "schema.json")), clients...)...)
	client := append(out("clientset"), "--clientset-name", "versioned", "--input-base", o.Module+"/pkg/apis",
		"--apply-configuration-package", o.Generated("applyconfiguration"))
	run("client-gen", append(client, groupVersions...)...)
	run("lister-gen", append(out("listers"), clients...)...)
	informers := append(out("informers"), "--versioned-clientset-package", o.Generated("clientset", "versioned"),
		"--listers-package", o.Generated("listers"))
	run("informer-gen", append(informers, clients...)...)
}

func document(t *testing.T, p *apis.Model, defs definitions) []byte {
	t.Helper()
	(&upstream{Model: p}).addAliases(defs)
	b, err := swagger(p.Module, defs)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
