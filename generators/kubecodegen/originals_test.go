package kubecodegen

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// copyModelsSchema copies k8s.io/kubernetes' program that prints the OpenAPI definitions.
func (t *tools) copyModelsSchema(tb testing.TB, dir, module string) {
	tb.Helper()
	from := filepath.Join(t.moduleDir(tb, "k8s.io/kubernetes"), "pkg/generated/openapi/cmd/models-schema")
	to := filepath.Join(dir, "hack/models-schema")
	copyFile(tb, filepath.Join(from, "main.go"), filepath.Join(to, "main.go"), "k8s.io/kubernetes/", module+"/")
}

// convertTo makes conversion-gen convert the types of a package to and from those of another.
func convertTo(tb testing.TB, dir, pkg, peer string) {
	tb.Helper()
	replace(tb, filepath.Join(dir, pkg, "doc.go"), "// +k8s:deepcopy-gen=package", "// +k8s:conversion-gen="+peer+"\n// +k8s:deepcopy-gen=package")
}

// createSample creates a project with the types of k8s.io/sample-apiserver. It uses the conversions of examples/wardle instead of the
// original ones, which convert to internal types.
func createSample(t *testing.T, tools *tools, dir string) {
	t.Helper()
	from := tools.moduleDir(t, "k8s.io/sample-apiserver")
	tools.initOriginal(t, dir, "k8s.io/sample-apiserver", from)
	tools.run(t, dir, tools.builder, "create", "resource", "--group", "wardle", "--version", "v1beta1", "--kind", "Flunder",
		"--no-controller", "--generate=false")
	tools.run(t, dir, tools.builder, "create", "version", "--group", "wardle", "--version", "v1alpha1", "--from", "v1beta1", "--generate=false")
	tools.run(t, dir, tools.builder, "create", "resource", "--group", "wardle", "--version", "v1alpha1", "--kind", "Fischer",
		"--namespaced=false", "--no-controller", "--generate=false")
	for _, version := range []string{"v1alpha1", "v1beta1"} {
		copyTypes(t, filepath.Join(from, "pkg/apis/wardle", version), filepath.Join(dir, "pkg/apis/wardle", version),
			"// +genclient:nonNamespaced\n"+interfaces+"\n// FischerList", interfaces+"\n// FischerList") // the marker has no effect
	}
	copyFile(t, "../../examples/wardle/pkg/apis/wardle/v1alpha1/conversion.go", filepath.Join(dir, "pkg/apis/wardle/v1alpha1/conversion.go"),
		"example.com/wardle/", "k8s.io/sample-apiserver/")
	tools.run(t, dir, "go", "mod", "tidy", "-e")
}

// kube-aggregator's group belongs to Kubernetes, so the project's group has another name.
const (
	ownGroup        = "apiregistration.example.com"
	aggregatorGroup = "apiregistration.k8s.io"
)

// createAggregator creates a project with the types of k8s.io/kube-aggregator.
func createAggregator(t *testing.T, tools *tools, dir string) {
	t.Helper()
	from := tools.moduleDir(t, "k8s.io/kube-aggregator")
	tools.initOriginal(t, dir, "k8s.io/kube-aggregator", from)
	tools.run(t, dir, tools.builder, "create", "resource", "--group", "apiregistration", "--version", "v1", "--kind", "APIService",
		"--namespaced=false", "--no-controller", "--status", "--generate=false")
	tools.run(t, dir, tools.builder, "create", "version", "--group", "apiregistration", "--version", "v1beta1", "--from", "v1", "--generate=false")
	for _, version := range []string{"v1", "v1beta1"} {
		copyTypes(t, filepath.Join(from, "pkg/apis/apiregistration", version), filepath.Join(dir, "pkg/apis/apiregistration", version),
			aggregatorGroup, ownGroup, "\t// +listType=atomic\n\t// +optional\n\tCABundle", "\t// +optional\n\tCABundle") // bytes are not a list
	}
	tools.run(t, dir, "go", "mod", "tidy", "-e")
}

// committedAggregator returns the generated files of k8s.io/kube-aggregator. It omits the clients, which have other names and prefer
// protobuf.
func committedAggregator(t *testing.T, tools *tools) map[string]string {
	t.Helper()
	files := map[string]string{}
	text := strings.NewReplacer("pkg/client/applyconfiguration", "pkg/generated/applyconfiguration", "pkg/client/listers", "pkg/generated/listers",
		aggregatorGroup, ownGroup)
	keep := func(name string) bool { return isUpstreams(text.Replace(name)) }
	for name, content := range tree(t, tools.moduleDir(t, "k8s.io/kube-aggregator"), keep) {
		files[text.Replace(name)] = text.Replace(content)
	}
	return files
}

// initOriginal creates a project for a module of the Kubernetes project, with its license header.
func (t *tools) initOriginal(tb testing.TB, dir, module, from string) {
	tb.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		tb.Fatal(err)
	}
	t.run(tb, dir, t.builder, "init", "--domain", "example.com", "--module", module, "--name", "original", "--allow-reserved-domain", "--generate=false")
	copyFile(tb, filepath.Join(from, "hack/boilerplate.go.txt"), filepath.Join(dir, "hack/boilerplate.go.txt"))
}

// copyTypes replaces the types of an API package by the original ones, with their defaults, and with the package markers of generators that
// both run.
func copyTypes(tb testing.TB, from, to string, oldnew ...string) {
	tb.Helper()
	scaffolded, err := filepath.Glob(filepath.Join(to, "*_types.go"))
	if err != nil || len(scaffolded) == 0 {
		tb.Fatalf("no types in %s: %v", to, err)
	}
	for _, file := range scaffolded {
		if err := os.Remove(file); err != nil {
			tb.Fatal(err)
		}
	}
	oldnew = append(oldnew, "\nfunc addDefaultingFuncs", "\nfunc _",
		"// +genclient:nonNamespaced\n", "// +genclient:nonNamespaced\n// +kubebuilder:resource:scope=Cluster\n")
	for _, name := range []string{"doc.go", "types.go", "defaults.go"} {
		file := filepath.Join(from, name)
		if _, err := os.Stat(file); err == nil || name != "defaults.go" {
			copyFile(tb, file, filepath.Join(to, name), oldnew...)
		}
	}
}

// withoutEffect matches the markers of generators that builder does not run, and of internal types.
var withoutEffect = regexp.MustCompile(`(?m)^// \+k8s:(conversion-gen|prerelease-lifecycle-gen|protobuf-gen)[:=].*\n`)

const interfaces = "// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object\n"

// copyFile copies a file without the markers that have no effect, and replaces texts in it.
func copyFile(tb testing.TB, from, to string, oldnew ...string) {
	tb.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		tb.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(to, []byte(strings.NewReplacer(oldnew...).Replace(string(withoutEffect.ReplaceAll(content, nil)))), 0o600); err != nil {
		tb.Fatal(err)
	}
}
