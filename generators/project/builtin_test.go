package project

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/apiserver-builder/builder/internal/modcache"
)

var update = flag.Bool("update", false, "rewrite builtin.txt from Kubernetes' own discovery")

// TestBuiltinTable compares builtin.txt with the resources in the source of Kubernetes' API server.
func TestBuiltinTable(t *testing.T) {
	dir, err := modcache.Dir(t.Context(), "../..", "k8s.io/kubernetes")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "api", "discovery", "*__v*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("the module k8s.io/kubernetes has no discovery documents: %v", err)
	}
	var lines []string
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var list metav1.APIResourceList
		if err := json.Unmarshal(data, &list); err != nil {
			t.Fatal(err)
		}
		for _, r := range list.APIResources {
			if !strings.Contains(r.Name, "/") {
				lines = append(lines, tableLine(t, list.GroupVersion, r))
			}
		}
	}
	slices.Sort(lines)
	want := strings.Join(lines, "\n") + "\n"
	if *update {
		if err := os.WriteFile("builtin.txt", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, builtinTable); diff != "" {
		t.Errorf("builtin.txt is out of date, run go test -update (-want +got):\n%s", diff)
	}
}

func tableLine(t *testing.T, groupVersion string, r metav1.APIResource) string {
	t.Helper()
	gv, err := schema.ParseGroupVersion(groupVersion)
	if err != nil {
		t.Fatal(err)
	}
	if r.SingularName != strings.ToLower(r.Kind) {
		t.Errorf("%s %s has the singular name %s, which the table has no column for", groupVersion, r.Kind, r.SingularName)
	}
	reconcilable := "no"
	if slices.Contains(r.Verbs, "watch") && scheme.Scheme.Recognizes(gv.WithKind(r.Kind)) {
		reconcilable = "yes"
	}
	return strings.Join(append([]string{groupVersion, r.Kind, r.Name, reconcilable}, r.ShortNames...), " ")
}

func TestControllerImport(t *testing.T) {
	types, found := scheme.Scheme.AllKnownTypes(), 0
	for _, b := range builtins() {
		if !b.reconcilable {
			continue
		}
		found++
		c := Controller{Group: b.group, Version: b.version, Kind: b.kind}
		gvk := schema.GroupVersionKind{Group: b.group, Version: b.version, Kind: b.kind}
		if want := types[gvk].PkgPath(); c.Import() != want {
			t.Errorf("Import of %s is %s, want %s", gvk, c.Import(), want)
		}
		if c.Resource() != b.resource {
			t.Errorf("Resource of %s is %s, want %s", gvk, c.Resource(), b.resource)
		}
	}
	if found < 50 {
		t.Errorf("the table has only %d kinds that can have a controller", found)
	}
}

// TestMetaKinds compares metaKinds with the kinds that meta/v1 registers in a group version.
func TestMetaKinds(t *testing.T) {
	s := runtime.NewScheme()
	gv := schema.GroupVersion{Group: "fruit.example.com", Version: "v1"}
	metav1.AddToGroupVersion(s, gv)
	types := s.KnownTypes(gv)
	for kind, goType := range s.KnownTypes(metav1.Unversioned) {
		types[kind] = goType
	}
	for kind := range types {
		if !metaKinds[kind] {
			t.Errorf("kind %s is registered by meta/v1 and not refused", kind)
		}
	}
	if want := reflect.TypeFor[metav1.Status](); types["Status"] != want {
		t.Errorf("Status is %v in meta/v1, want %v: this test looks in the wrong place", types["Status"], want)
	}
}

// TestStandardLibrary compares standardLibrary with the toolchain's standard library.
func TestStandardLibrary(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Join(strings.TrimSpace(string(root)), "src"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.IsDir() && !standardLibrary[entry.Name()] {
			t.Errorf("a module may begin with %q, which is in the standard library", entry.Name())
		}
	}
}

// TestPlatforms compares platforms with the toolchain's list.
func TestPlatforms(t *testing.T) {
	out, err := exec.Command("go", "tool", "dist", "list").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range strings.FieldsFunc(string(out), func(r rune) bool { return r == '/' || r == '\n' }) {
		if !platforms[word] {
			t.Errorf("%s is a platform of Go and not in the list", word)
		}
	}
}
