package roles

import (
	"errors"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestFields(t *testing.T) {
	for name, test := range map[string]struct {
		source string
		want   map[string]Fields
	}{
		"embedded":        {`import "sigs.k8s.io/controller-runtime/pkg/client"; type A struct { client.Client; n int }`, map[string]Fields{"A": {Client: true}}},
		"named":           {`import c "sigs.k8s.io/controller-runtime/pkg/client"; type ( A struct { n int; Client c.Client }; B struct{} )`, map[string]Fields{"A": {Client: true}}},
		"another name":    {`import "sigs.k8s.io/controller-runtime/pkg/client"; type A struct { client client.Client }`, nil},
		"another type":    {`import "sigs.k8s.io/controller-runtime/pkg/client"; type A struct { Client client.Reader }`, nil},
		"another package": {`import "net/http"; type A struct { Client http.Client }`, nil},
		"options":         {`type A struct { Options *Options }; type B struct { n int; *Options }`, map[string]Fields{"A": {Options: true}, "B": {Options: true}}},
		"both":            {`import "sigs.k8s.io/controller-runtime/pkg/client"; type A struct { client.Client; Options *Options }`, map[string]Fields{"A": {Client: true, Options: true}}},
		"a value":         {`type A struct { Options Options }`, nil},
		"another field":   {`type A struct { options *Options }`, nil},
		"no struct":       {`import "sigs.k8s.io/controller-runtime/pkg/client"; type A client.Client`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			file, err := parser.ParseFile(token.NewFileSet(), "a.go", "package controller; "+test.source, 0)
			if err != nil {
				t.Fatal(err)
			}
			read := Reconcilers{Fields: map[string]Fields{}}
			read.add(file)
			if diff := cmp.Diff(test.want, read.Fields, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("the fields differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOptions(t *testing.T) {
	const missing, bare = "internal/controller: no type Options: ", "internal/controller/a.go:3:6: the type Options does not embed base: "
	for source, want := range map[string]string{
		"type A struct{}":                         missing,
		"type Options struct{ Region string }":    bare,
		"type Options string":                     bare,
		"type Options struct{ base base }":        bare,
		"type Options struct{ base; Region int }": "",
		"type Options struct { n int; base }":     "",
	} {
		dir, err := filepath.EvalSymlinks(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		for name, content := range map[string]string{"go.mod": "module example.com/shop\n\ngo 1.26\n", Controllers + "/a.go": "package controller\n\n" + source + "\n"} {
			name = filepath.Join(dir, filepath.FromSlash(name))
			if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(content), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		_, problems, err := ReadControllers(t.Context(), dir, nil, "shop-controller-manager")
		if err != nil {
			t.Fatal(err)
		}
		if got := problems.Error(); len(problems) > 1 || want == "" && got != "" || !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %q, want %q", source, got, want)
		}
	}
}
