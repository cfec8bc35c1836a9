package corpora

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// readDiscovery returns the resources of a group version of kube-apiserver, from its published discovery and OpenAPI documents.
func readDiscovery(t *testing.T, c corpus, file string) []published {
	t.Helper()
	var list metav1.APIResourceList
	readJSON(t, file, &list)
	name, version, _ := strings.Cut(list.GroupVersion, "/")
	var document openAPI
	readJSON(t, filepath.Join(filepath.Dir(file), "../openapi-spec/v3", strings.TrimSuffix(filepath.Base(file), ".json")+"_openapi.json"), &document)
	var out []published
	for _, r := range list.APIResources {
		if strings.Contains(r.Name, "/") {
			continue
		}
		schema := document.schemaOf(name, version, r.Kind)
		if schema == nil {
			t.Fatalf("%s: no schema of %s", file, r.Kind)
		}
		has := func(subresource string) bool {
			return slices.ContainsFunc(list.APIResources, func(other metav1.APIResource) bool { return other.Name == r.Name+"/"+subresource })
		}
		v := apiextensionsv1.CustomResourceDefinitionVersion{Name: version, Storage: true, Subresources: &apiextensionsv1.CustomResourceSubresources{}}
		if has("status") {
			v.Subresources.Status = &apiextensionsv1.CustomResourceSubresourceStatus{}
		}
		if has("scale") {
			v.Subresources.Scale = &apiextensionsv1.CustomResourceSubresourceScale{}
		}
		spec := apiextensionsv1.CustomResourceDefinitionSpec{Group: name, Scope: apiextensionsv1.ClusterScoped, Names: apiextensionsv1.CustomResourceDefinitionNames{
			Kind: r.Kind, Plural: r.Name, Singular: r.SingularName, ShortNames: r.ShortNames, Categories: r.Categories,
		}}
		if r.Namespaced {
			spec.Scope = apiextensionsv1.NamespaceScoped
		}
		out = append(out, published{
			CustomResourceDefinitionSpec: spec, group: c.groups[name].name, versions: []apiextensionsv1.CustomResourceDefinitionVersion{v},
			schema: schema, schemas: document.Components.Schemas,
		})
	}
	return out
}

func readJSON(t *testing.T, file string, into any) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(content, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// openAPI is an OpenAPI v3 document.
type openAPI struct {
	Components struct {
		Schemas map[string]any `json:"schemas"`
	} `json:"components"`
}

// schemaOf returns the schema of a kind, or nil.
func (d *openAPI) schemaOf(group, version, kind string) map[string]any {
	for _, schema := range d.Components.Schemas {
		gvks, _ := object(schema)["x-kubernetes-group-version-kind"].([]any)
		if len(gvks) == 1 && text(gvks[0]) == text(map[string]string{"group": group, "version": version, "kind": kind}) {
			return object(schema)
		}
	}
	return nil
}
