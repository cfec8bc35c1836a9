package run

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// writeFiles writes files to a new folder and returns it.
func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func names(objects []*unstructured.Unstructured) []string {
	var names []string
	for _, o := range objects {
		names = append(names, o.GetKind()+" "+o.GetName())
	}
	return names
}

func manifest(kind, name string) string {
	return "apiVersion: v1\nkind: " + kind + "\nmetadata:\n  name: " + name + "\n"
}

func TestReadObjects(t *testing.T) {
	for _, c := range []struct {
		name, content string
		want          []string
		err           string
	}{
		{"empty", "", nil, ""},
		{"only a comment", "# nothing yet\n", nil, ""},
		{"one", manifest("Namespace", "a"), []string{"Namespace a"}, ""},
		{"comments and separators", "# head\n---\n" + manifest("A", "a") + "---\n# between\n---\n" + manifest("B", "b") + "---\n", []string{"A a", "B b"}, ""},
		{"no kind", manifest("A", "a") + "---\napiVersion: v1\nmetadata: {name: x}\n", nil, "document 2 has no apiVersion, no kind or no metadata.name"},
		{"not YAML", "a: [", nil, "objects.yaml: document 1: "},
		{"a list", "- a\n", nil, "objects.yaml: document 1: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readObjects(filepath.Join(writeFiles(t, map[string]string{"objects.yaml": c.content}), "objects.yaml"))
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Fatalf("error %v, want %q", err, c.err)
			}
			if diff := cmp.Diff(c.want, names(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadIdentities(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"config/base/namespace.yaml":          manifest("Namespace", "shop-system"),
		"config/base/rbac/kustomization.yaml": "resources: [a.yaml]\n",
		"config/base/rbac/b.yaml":             manifest("Role", "b"),
		"config/base/rbac/a.yaml":             manifest("ServiceAccount", "a1") + "---\n" + manifest("ServiceAccount", "a2"),
		"config/base/rbac/notes.txt":          "not for the cluster",
		"config/base/apiserver/service.yaml":  manifest("Service", "not now"),
	})
	got, err := readIdentities(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Namespace shop-system", "ServiceAccount a1", "ServiceAccount a2", "Role b"}, names(got)); diff != "" {
		t.Error(diff)
	}
	if _, err := readIdentities(t.TempDir()); err == nil || !strings.Contains(err.Error(), filepath.Join("config", "base", "namespace.yaml")) {
		t.Errorf("no namespace.yaml: %v", err)
	}
}

func TestReadAPIServices(t *testing.T) {
	shipped := `apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata:
  name: v1.fruit.example.com
  labels: {app.kubernetes.io/name: shop}
spec:
  group: fruit.example.com
  version: v1
  groupPriorityMinimum: 1000
  versionPriority: 15
  service: {name: shop-apiserver, namespace: shop-system, port: 443}
`
	got, err := readAPIServices(writeFiles(t, map[string]string{apiServicesFile: shipped}), 20001, []byte("ca"))
	if err != nil {
		t.Fatal(err)
	}
	want := []*unstructured.Unstructured{{Object: map[string]any{
		"apiVersion": "apiregistration.k8s.io/v1",
		"kind":       "APIService",
		"metadata": map[string]any{
			"name":   "v1.fruit.example.com",
			"labels": map[string]any{"app.kubernetes.io/name": "shop", "app.kubernetes.io/managed-by": "builder"},
		},
		"spec": map[string]any{
			"group": "fruit.example.com", "version": "v1", "groupPriorityMinimum": float64(1000), "versionPriority": float64(15),
			"service":  map[string]any{"name": "shop-apiserver", "namespace": "shop-system", "port": int64(20001)},
			"caBundle": base64.StdEncoding.EncodeToString([]byte("ca")),
		},
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if version := groupVersion(got[0]).String(); version != "fruit.example.com/v1" {
		t.Errorf("group version: %s", version)
	}

	if got, err := readAPIServices(t.TempDir(), 1, nil); got != nil || err != nil {
		t.Errorf("no kind yet: %v, %v", got, err)
	}
	other := writeFiles(t, map[string]string{apiServicesFile: manifest("Service", "x")})
	if _, err := readAPIServices(other, 1, nil); err == nil || !strings.HasSuffix(err.Error(), "Service x is not an APIService") {
		t.Errorf("another kind: %v", err)
	}
}
