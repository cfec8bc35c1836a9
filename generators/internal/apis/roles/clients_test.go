package roles

import (
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestClients(t *testing.T) {
	for name, test := range map[string]struct {
		source string
		want   []string
	}{
		"embedded":        {`import "sigs.k8s.io/controller-runtime/pkg/client"; type A struct { client.Client; n int }`, []string{"A"}},
		"named":           {`import c "sigs.k8s.io/controller-runtime/pkg/client"; type ( A struct { n int; Client c.Client }; B struct{} )`, []string{"A"}},
		"another name":    {`import "sigs.k8s.io/controller-runtime/pkg/client"; type A struct { client client.Client }`, nil},
		"another type":    {`import "sigs.k8s.io/controller-runtime/pkg/client"; type A struct { Client client.Reader }`, nil},
		"another package": {`import "net/http"; type A struct { Client http.Client }`, nil},
		"no struct":       {`import "sigs.k8s.io/controller-runtime/pkg/client"; type A client.Client`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			file, err := parser.ParseFile(token.NewFileSet(), "a.go", "package controller; "+test.source, 0)
			if err != nil {
				t.Fatal(err)
			}
			clients := map[string]bool{}
			addClients(clients, file)
			if diff := cmp.Diff(test.want, slices.Sorted(maps.Keys(clients))); diff != "" {
				t.Errorf("the types with a client differ (-want +got):\n%s", diff)
			}
		})
	}
}
