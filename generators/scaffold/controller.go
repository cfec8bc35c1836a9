package scaffold

import (
	"fmt"
	"path"
	"reflect"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"

	"github.com/apiserver-builder/builder/generators/project"
)

// newControllerData is what the template of a reconciler of a Kubernetes kind sees. client-go's scheme knows the Go package
// of each.
func newControllerData(c project.Controller) (kindData, error) {
	gvk := schema.GroupVersionKind{Group: c.Group, Version: c.Version, Kind: c.Kind}
	obj, err := clientgoscheme.Scheme.New(gvk)
	if err != nil {
		return kindData{}, fmt.Errorf("kind %s in %s is neither of this project nor of Kubernetes %s: check --group, --version and --kind with %q",
			c.Kind, gvk.GroupVersion(), project.KubernetesMinor, "kubectl api-resources")
	}
	if _, err := meta.Accessor(obj); err != nil {
		return kindData{}, fmt.Errorf("kind %s in %s has no objects to reconcile: name a kind that %q lists", c.Kind, gvk.GroupVersion(), "kubectl api-resources")
	}
	importPath := reflect.TypeOf(obj).Elem().PkgPath()
	resource, _ := meta.UnsafeGuessKindToResource(gvk)
	group := path.Base(path.Dir(importPath))
	return kindData{
		versionData: versionData{GroupName: c.Group, Version: c.Version, ImportPath: importPath, Alias: group + c.Version},
		Kind:        project.Kind{Name: c.Kind, Plural: resource.Resource, Versions: []string{c.Version}, Storage: c.Version},
	}, nil
}
