package kubecodegen

import (
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A bytesCase is a project that both builder and the script generate code for.
type bytesCase struct {
	name, module string
	create       func(t *testing.T, tools *tools, dir string)
	// prepare adds files that only kube_codegen.sh needs.
	prepare func(t *testing.T, dir string)
	// committed returns the generated files in the original project, by their path in this project.
	committed func(t *testing.T, tools *tools) map[string]string
	// script and original contain reasons for differences, by pattern of file name: from the output of kube_codegen.sh, and from the
	// committed files.
	script, original map[string]string
}

// The reasons for differences. docs/architecture.md lists them.
const (
	ownCopies       = "conversions copy field by field, because a copy of memory would be wrong when types change and code does not"
	betweenVersions = "versions are converted to each other: there are no types without a version"
	noInternalTypes = "there are no types without a version"
	constraints     = "openapi-gen has no words for most constraints, such as those of metav1.Condition"
	otherClients    = "kube-aggregator's clients prefer protobuf and have other names: they aren't compared"
	noList          = "+listType=atomic is on CABundle, which is bytes and no list: the copy is without it"
	modelNames      = "applyconfiguration-gen looks types up by their import paths, where +k8s:openapi-model-package names them"
)

var bytesCases = []bytesCase{
	{
		name: "groups-20", module: module, create: func(t *testing.T, tools *tools, dir string) { tools.newProject(t, dir, 20) },
		script: map[string]string{
			"pkg/generated/applyconfiguration/internal/internal.go": modelNames,
			"pkg/generated/openapi/zz_generated.openapi.go":         constraints,
		},
	},
	{
		name: "sample-apiserver", module: "k8s.io/sample-apiserver", create: createSample,
		prepare: func(t *testing.T, dir string) {
			convertTo(t, dir, "pkg/apis/wardle/v1alpha1", "k8s.io/sample-apiserver/pkg/apis/wardle/v1beta1")
		},
		committed: func(t *testing.T, tools *tools) map[string]string {
			return tree(t, tools.moduleDir(t, "k8s.io/sample-apiserver"), isUpstreams)
		},
		script: map[string]string{"*/zz_generated.conversion.go": ownCopies},
		original: map[string]string{
			"pkg/apis/*/zz_generated.conversion.go":    betweenVersions,
			"pkg/apis/wardle/zz_generated.deepcopy.go": noInternalTypes,
		},
	},
	{
		name: "kube-aggregator", module: "k8s.io/kube-aggregator", create: createAggregator,
		prepare: func(t *testing.T, dir string) {
			convertTo(t, dir, "pkg/apis/apiregistration/v1beta1", "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1")
		},
		committed: committedAggregator,
		script:    map[string]string{"*/zz_generated.conversion.go": ownCopies},
		original: map[string]string{
			"pkg/apis/*/zz_generated.conversion.go":             betweenVersions,
			"pkg/apis/apiregistration/zz_generated.deepcopy.go": noInternalTypes,
			"pkg/generated/openapi/zz_generated.openapi.go":     noList,
			"pkg/generated/clientset/*":                         otherClients,
			"pkg/generated/informers/*":                         otherClients,
		},
	},
}

// TestBytes verifies that builder generates the same files as kube_codegen.sh, and the same as the Kubernetes project has committed, byte
// for byte, except for differences with a reason.
func TestBytes(t *testing.T) {
	if os.Getenv("KUBE_CODEGEN") == "" {
		t.Skip("takes minutes: run with KUBE_CODEGEN=1, as make test-release does")
	}
	tools := build(t)
	for _, c := range bytesCases {
		t.Run(c.name, func(t *testing.T) {
			ours, theirs := filepath.Join(t.TempDir(), c.name), filepath.Join(t.TempDir(), c.name)
			c.create(t, tools, ours)
			tools.run(t, ours, tools.builder, "generate")
			if err := os.CopyFS(theirs, os.DirFS(ours)); err != nil {
				t.Fatal(err)
			}
			got := tree(t, ours, isUpstreams)
			for name := range got {
				if err := os.Remove(filepath.Join(theirs, name)); err != nil {
					t.Fatal(err)
				}
			}
			tools.copyModelsSchema(t, theirs, c.module)
			if c.prepare != nil {
				c.prepare(t, theirs)
			}
			tools.kubeCodegen(t, theirs, c.module)
			compareFiles(t, "kube_codegen.sh", tree(t, theirs, isUpstreams), got, c.script)
			if c.committed != nil {
				compareFiles(t, "the original", c.committed(t, tools), got, c.original)
			}
		})
	}
}

// isUpstreams reports whether Kubernetes' generators write a file.
func isUpstreams(name string) bool {
	switch path.Base(name) {
	case "zz_generated.conversion.go", "zz_generated.deepcopy.go", "zz_generated.defaults.go", "zz_generated.model_name.go":
		return strings.HasPrefix(name, "pkg/apis/")
	}
	return slices.ContainsFunc([]string{"applyconfiguration", "clientset", "informers", "listers", "openapi"}, func(dir string) bool {
		return strings.HasPrefix(name, "pkg/generated/"+dir+"/") && !strings.Contains(name, "/cmd/")
	})
}

// compareFiles compares files by name. It also reports reasons that do not explain any difference.
func compareFiles(t *testing.T, where string, want, got map[string]string, reasons map[string]string) {
	t.Helper()
	used := map[string]bool{}
	names := maps.Clone(want)
	maps.Copy(names, got)
	same := 0
	for _, name := range slices.Sorted(maps.Keys(names)) {
		a, inWant := want[name]
		b, inGot := got[name]
		if inWant && inGot && a == b {
			same++
			continue
		}
		explained := false
		for pattern := range reasons {
			prefix, suffix, _ := strings.Cut(pattern, "*")
			if strings.HasPrefix(name, prefix) && strings.HasSuffix(name, suffix) {
				used[pattern], explained = true, true
			}
		}
		switch {
		case explained:
		case !inGot:
			t.Errorf("%s has %s, which builder doesn't write", where, name)
		case !inWant:
			t.Errorf("builder writes %s, which %s doesn't", name, where)
		default:
			t.Errorf("%s (-%s +builder):\n%s", name, where, cmp.Diff(a, b))
		}
	}
	for pattern := range reasons {
		if !used[pattern] {
			t.Errorf("no file %s differs from that of %s any more: take it out", pattern, where)
		}
	}
	if same == 0 {
		t.Errorf("no file is that of %s", where)
	}
	t.Logf("%d files are those of %s", same, where)
}
