package codegen

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// commands are upstream's generators as programs.
var commands = []string{
	"k8s.io/code-generator/cmd/applyconfiguration-gen",
	"k8s.io/code-generator/cmd/client-gen",
	"k8s.io/code-generator/cmd/deepcopy-gen",
	"k8s.io/code-generator/cmd/defaulter-gen",
	"k8s.io/code-generator/cmd/informer-gen",
	"k8s.io/code-generator/cmd/lister-gen",
	"k8s.io/kube-openapi/cmd/openapi-gen",
}

// Upstream's own commands, with the arguments that kube_codegen.sh gives them, write the same bytes.
func TestSameAsUpstream(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs seven programs")
	}
	bin := t.TempDir()
	goTool(t, ".", append([]string{"build", "-o", bin + string(filepath.Separator)}, commands...)...)
	for _, test := range []struct {
		fixture string
		// except are the files left out, each for a reason.
		except []string
	}{
		{fixture: "market"},
		// Given k8s.io/api/core/v1, upstream describes each type of that package; the test in its archive holds
		// ours to those that are used.
		{fixture: "pod", except: []string{OpenAPIFile}},
	} {
		t.Run(test.fixture, func(t *testing.T) {
			t.Parallel()
			o := fixture(t, test.fixture)
			p, err := Load(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			files, err := p.Generate(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			before := tree(t, o.Dir)
			runUpstream(t, bin, p, files)
			want, got := tree(t, o.Dir), map[string]string{}
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

// runUpstream runs the commands on the project p was loaded from. The schema that applyconfiguration-gen gets is what the
// compiled definitions say, so this holds the evaluator to the compiler as well.
func runUpstream(t *testing.T, bin string, p *Packages, ours map[string][]byte) {
	t.Helper()
	o := &p.options
	work := t.TempDir()
	write(t, work, map[string][]byte{"boilerplate": o.Boilerplate})
	var inputs, groupVersions, clients []string
	for _, api := range o.APIs {
		inputs = append(inputs, api.Package)
		if p.hasClient(api.Package) {
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
		return []string{"--output-dir", filepath.Join(o.Dir, GeneratedDir, filepath.Join(elem...)), "--output-pkg", o.generated(elem...)}
	}
	run("deepcopy-gen", append([]string{"--output-file", "zz_generated.deepcopy.go"}, inputs...)...)
	run("defaulter-gen", append([]string{"--output-file", "zz_generated.defaults.go"}, inputs...)...)
	openapi := append(out("openapi"), "--output-file", "zz_generated.openapi.go", "--report-filename", os.DevNull,
		"--output-model-name-file", "zz_generated.model_name.go")
	readOnly := slices.Clone(openAPIBase)
	for name := range p.external { // which upstream must be told of
		readOnly = append(readOnly, name.Package)
	}
	for _, pkg := range readOnly {
		openapi = append(openapi, "--readonly-pkg", pkg)
	}
	run("openapi-gen", append(append(openapi, readOnly...), inputs...)...)

	schema, err := p.compileDefinitions(t.Context(), ours)
	if err != nil {
		t.Fatal(err)
	}
	write(t, work, map[string][]byte{"schema.json": document(t, p, schema)})
	run("applyconfiguration-gen", append(append(out("applyconfiguration"), "--openapi-schema", filepath.Join(work, "schema.json")), clients...)...)
	client := append(out("clientset"), "--clientset-name", "versioned", "--input-base", o.Module+"/pkg/apis",
		"--apply-configuration-package", o.generated("applyconfiguration"))
	run("client-gen", append(client, groupVersions...)...)
	run("lister-gen", append(out("listers"), clients...)...)
	informers := append(out("informers"), "--versioned-clientset-package", o.generated("clientset", "versioned"),
		"--listers-package", o.generated("listers"))
	run("informer-gen", append(informers, clients...)...)
}

func document(t *testing.T, p *Packages, defs definitions) []byte {
	t.Helper()
	p.addAliases(defs)
	b, err := swagger(p.options.Module, defs)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
