package roles

import (
	"go/parser"
	"go/token"
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
		"options":         {`type A struct { Options *Options }; type B struct { n int; *Options }; func (o *Options) AddFlags() {}`, map[string]Fields{"A": {Options: true}, "B": {Options: true}}},
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
			if want := strings.Contains(test.source, "func (o *Options) AddFlags"); read.Options != want {
				t.Errorf("Options is %t, not %t", read.Options, want)
			}
		})
	}
}
