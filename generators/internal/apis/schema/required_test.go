package schema

import (
	"testing"

	"golang.org/x/tools/go/packages"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/gengo/v2/types"
	"sigs.k8s.io/controller-tools/pkg/crd"
	"sigs.k8s.io/controller-tools/pkg/loader"
)

// TestTypeDeclaredAsItself verifies that a type that is declared as itself does not cause an endless recursion. The compiler rejects it, but
// controller-tools has a schema for it.
func TestTypeDeclaredAsItself(t *testing.T) {
	const path = "example.com/shop/pkg/apis/fruit/v1"
	pkg := &loader.Package{Package: &packages.Package{PkgPath: path}}
	itself := "#/definitions/Itself"
	s := &Schemas{
		packages: map[string]*loader.Package{path: pkg},
		parser:   &crd.Parser{Schemata: map[crd.TypeIdent]apiextensionsv1.JSONSchemaProps{{Package: pkg, Name: "Itself"}: {Ref: &itself}}},
	}
	if s.hasProperties(types.Name{Package: path, Name: "Itself"}, nil) {
		t.Error("a type without a schema has properties")
	}
}
