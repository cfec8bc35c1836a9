package codegen

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

const boilerplate = "// Copyright of the shop.\n"

var (
	groupName  = regexp.MustCompile(`\+groupName=(\S+)`)
	moduleLine = regexp.MustCompile(`(?m)^module .*$`)
)

// project writes the files of an archive and go.mod to a temporary folder, and declares each package under pkg/apis. It needs
// no network: its dependencies are this module's.
func project(t testing.TB, archive *txtar.Archive) Options {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Dir: dir, Module: "example.com/shop", Boilerplate: []byte(boilerplate)}
	goMod := moduleLine.ReplaceAll(read(t, "../../go.mod"), []byte("module "+o.Module))
	write(t, dir, map[string][]byte{"go.mod": goMod, "go.sum": read(t, "../../go.sum")})
	for _, f := range archive.Files {
		write(t, dir, map[string][]byte{f.Name: f.Data})
		pkg := path.Dir(f.Name)
		if m := groupName.FindSubmatch(f.Data); m != nil && path.Base(f.Name) == "doc.go" {
			o.APIs = append(o.APIs, API{Group: string(m[1]), Version: path.Base(pkg), Package: path.Join(o.Module, pkg)})
		}
	}
	slices.SortFunc(o.APIs, func(a, b API) int { return strings.Compare(a.Package, b.Package) })
	return o
}

func fixture(t testing.TB, name string) Options {
	t.Helper()
	return project(t, parseArchive(t, name))
}

func parseArchive(t testing.TB, name string) *txtar.Archive {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("testdata", name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	return archive
}

func generate(t testing.TB, o Options) map[string][]byte {
	t.Helper()
	p, err := Load(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	files, err := p.Generate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t testing.TB, dir string, files map[string][]byte) {
	t.Helper()
	for name, content := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// tree reads all files of a folder, by slash-separated path.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files[name] = string(read(t, filepath.Join(dir, filepath.FromSlash(name))))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// register is the part of an API package that another generator of this project writes.
func register(t testing.TB, p *Packages, api API) []byte {
	t.Helper()
	var objects []string
	for _, typ := range p.Universe[api.Package].Types {
		if embeds(typ, "TypeMeta") {
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
