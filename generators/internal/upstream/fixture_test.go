package upstream

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apiserver-builder/builder/generators/internal/apis"
	"github.com/apiserver-builder/builder/generators/internal/fixture"
)

// project writes the project in an archive of testdata.
func project(t testing.TB, name string) apis.Options {
	t.Helper()
	return fixture.Project(t, fixture.Parse(t, filepath.Join("testdata", name+".txtar")))
}

func generate(t testing.TB, o apis.Options) map[string][]byte {
	t.Helper()
	p, err := apis.Load(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	files, err := Generate(t.Context(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// register returns the part of an API package that generators/internal/server generates.
func register(t testing.TB, p *apis.Model, api apis.API) []byte {
	t.Helper()
	var objects []string
	for _, typ := range p.Universe[api.Package].Types {
		if apis.EmbedsMeta(typ, "TypeMeta") {
			objects = append(objects, "&"+typ.Name.Name+"{}")
		}
	}
	slices.Sort(objects)
	return fmt.Appendf(nil, `package %s

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var SchemeGroupVersion = schema.GroupVersion{Group: %q, Version: %q}

var builder = runtime.NewSchemeBuilder(func(s *runtime.Scheme) error {
	s.AddKnownTypes(SchemeGroupVersion, []runtime.Object{%s}...)
	metav1.AddToGroupVersion(s, SchemeGroupVersion)
	return nil
}, RegisterDefaults)

var AddToScheme = builder.AddToScheme

func Resource(resource string) schema.GroupResource {
	return SchemeGroupVersion.WithResource(resource).GroupResource()
}
`, api.Version, api.Group, api.Version, strings.Join(objects, ", "))
}
