package kube

import (
	"path/filepath"
	"testing"

	"golang.org/x/tools/go/packages"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-tools/pkg/crd"
	crdmarkers "sigs.k8s.io/controller-tools/pkg/crd/markers"
	"sigs.k8s.io/controller-tools/pkg/loader"
	"sigs.k8s.io/controller-tools/pkg/markers"
)

// CustomApple returns the CustomResourceDefinition that controller-tools generates from v1beta1's Apple in examples/fruit, in
// another group.
func CustomApple(t testing.TB, group string) *apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	root, err := RootDir()
	if err != nil {
		t.Fatal(err)
	}
	roots, err := loader.LoadRootsWithConfig(&packages.Config{Dir: filepath.Join(root, "examples", "fruit")}, "example.com/shop/pkg/apis/fruit/v1beta1")
	if err != nil {
		t.Fatal(err)
	}
	registry := &markers.Registry{}
	if err := crdmarkers.Register(registry); err != nil {
		t.Fatal(err)
	}
	parser := &crd.Parser{Collector: &markers.Collector{Registry: registry}, Checker: &loader.TypeChecker{NodeFilters: []loader.NodeFilter{crd.Generator{}.CheckFilter()}}}
	crd.AddKnownTypes(parser)
	parser.NeedPackage(roots[0])
	kind := schema.GroupKind{Group: Fruit().Group, Kind: "Apple"}
	parser.NeedCRDFor(kind, nil)
	made, ok := parser.CustomResourceDefinitions[kind]
	if loader.PrintErrors(roots, packages.TypeError) || !ok {
		t.Fatal("controller-tools made no CRD of the Apple")
	}
	crd.FixTopLevelMetadata(made)
	made.Name, made.Spec.Group = made.Spec.Names.Plural+"."+group, group
	return &made
}
