package server

import (
	"go/token"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCheckNames(t *testing.T) {
	kind := func(name, resource string, short ...string) *Kind {
		return &Kind{Name: name, Resource: resource, Singular: strings.ToLower(name), shortNames: short, pos: token.Position{Filename: name + ".go", Line: 1, Column: 6}}
	}
	groups := func(kinds ...[]*Kind) *Server {
		s := &Server{}
		for _, k := range kinds {
			s.Groups = append(s.Groups, Group{Kinds: k})
		}
		return s
	}
	tests := map[string]struct {
		server *Server
		want   []string
	}{
		"different names": {server: groups([]*Kind{kind("Apple", "apples", "ap"), kind("Pear", "pears", "pe")})},
		"one plural": {server: groups([]*Kind{kind("Apple", "fruits"), kind("Pear", "fruits")}), want: []string{
			`Pear.go:1:6: Apple and Pear are both named "fruits" in kubectl: change one of them in its +kubebuilder:resource marker`,
		}},
		"one short name": {server: groups([]*Kind{kind("Apple", "apples", "x", "y"), kind("Pear", "pears", "z", "x")}), want: []string{
			`Pear.go:1:6: Apple and Pear are both named "x" in kubectl: change one of them in its +kubebuilder:resource marker`,
		}},
		"a short name that is a later kind's singular": {server: groups([]*Kind{kind("Apple", "apples", "pear"), kind("Pear", "pears")}), want: []string{
			`Apple.go:1:6: Pear and Apple are both named "pear" in kubectl: change one of them in its +kubebuilder:resource marker`,
		}},
		"one short name in two groups": {server: groups([]*Kind{kind("Apple", "apples", "x")}, []*Kind{kind("Pear", "pears", "x")}), want: []string{
			`Pear.go:1:6: Apple and Pear are both named "x" in kubectl: change one of them in its +kubebuilder:resource marker`,
		}},
		"one plural in two groups":           {server: groups([]*Kind{kind("Apple", "fruits")}, []*Kind{kind("Pear", "fruits")})},
		"a short name like the own singular": {server: groups([]*Kind{kind("Apple", "apples", "apple")})},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := &reader{}
			r.checkNames(test.server)
			var got []string
			for _, problem := range r.problems {
				got = append(got, problem.String())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("the problems differ (-want +got):\n%s", diff)
			}
		})
	}
}
