package corpora

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/version"
	"sigs.k8s.io/yaml"

	"github.com/apiserver-builder/builder/generators/project"
)

// A published resource is a resource that a CustomResourceDefinition defines or that kube-apiserver serves.
type published struct {
	apiextensionsv1.CustomResourceDefinitionSpec
	// group is the group in the project.
	group string
	// versions lists the copied versions.
	versions []apiextensionsv1.CustomResourceDefinitionVersion
	// schema is the schema of a resource without a definition, from an OpenAPI document with the components schemas.
	schema, schemas map[string]any
}

// readAll returns the resources of a corpus whose definitions are in dir.
func readAll(t *testing.T, c corpus, dir string) []published {
	t.Helper()
	var out []published
	for _, pattern := range c.definitions {
		files, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files %s in %s: %v", pattern, dir, err)
		}
		for _, file := range files {
			if filepath.Ext(file) == ".json" {
				out = append(out, readDiscovery(t, c, file)...)
			} else {
				out = append(out, readCRDs(t, c, file)...)
			}
		}
	}
	return out
}

// readCRDs returns the resources that a file defines.
func readCRDs(t *testing.T, c corpus, file string) []published {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []published
	for document := range strings.SplitSeq("\n"+string(content), "\n---\n") {
		crd := apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.Unmarshal([]byte(document), &crd); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if crd.Kind != "CustomResourceDefinition" {
			continue
		}
		group, ok := c.groups[crd.Spec.Group]
		if !ok {
			t.Fatalf("%s: the group %s isn't in the table", file, crd.Spec.Group)
		}
		versions := slices.DeleteFunc(slices.Clone(crd.Spec.Versions), func(v apiextensionsv1.CustomResourceDefinitionVersion) bool {
			return c.storedOnly && !v.Storage || v.Name == c.without
		})
		out = append(out, published{CustomResourceDefinitionSpec: crd.Spec, group: group.name, versions: versions})
	}
	return out
}

// declare returns the groups for a PROJECT file that declares the resources.
func declare(resources []published) []project.Group {
	groups := map[string]*project.Group{}
	for _, r := range resources {
		g := groups[r.group]
		if g == nil {
			g = &project.Group{Name: r.group}
			groups[r.group] = g
		}
		kind := project.Kind{
			Name: r.Names.Kind, Plural: r.Names.Plural, Shape: "stored", ClusterScoped: r.Scope == apiextensionsv1.ClusterScoped,
			Categories: r.Names.Categories,
			ShortNames: slices.DeleteFunc(slices.Clone(r.Names.ShortNames), func(name string) bool { return name == r.Names.Singular }),
		}
		if r.schema != nil {
			kind.ShortNames = nil // they already belong to Kubernetes' own resources
		}
		for _, v := range r.versions {
			kind.Versions = append(kind.Versions, v.Name)
			g.Versions = append(g.Versions, v.Name)
			if v.Storage {
				kind.Storage = v.Name
			}
			if v.Subresources != nil {
				kind.Status = kind.Status || v.Subresources.Status != nil
				kind.Scale = kind.Scale || v.Subresources.Scale != nil
			}
		}
		slices.SortFunc(kind.Versions, newestFirst)
		g.Kinds = append(g.Kinds, kind)
	}
	var out []project.Group
	for _, g := range groups {
		slices.SortFunc(g.Versions, newestFirst)
		g.Versions = slices.Compact(g.Versions)
		slices.SortFunc(g.Kinds, func(a, b project.Kind) int { return strings.Compare(a.Name, b.Name) })
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b project.Group) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func newestFirst(a, b string) int { return version.CompareKubeAwareVersionStrings(b, a) }
