package deploy

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/apiserver-builder/builder/cmd/builder/internal/cluster"
	"github.com/apiserver-builder/builder/cmd/builder/internal/programs"
)

// overlays is the folder of the overlays, relative to the project's folder.
const overlays = "config/overlays"

// Overlays returns the names of the overlays of the project in the folder dir.
func Overlays(dir string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(dir, filepath.FromSlash(overlays)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no folder %s: run \"builder generate\"", overlays)
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names, err
}

// render returns the objects of an overlay, in the order in which they can be created.
func render(dir, overlay string) ([]*unstructured.Unstructured, error) {
	names, err := Overlays(dir)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(names, overlay) {
		return nil, fmt.Errorf("there is no overlay %q in %s: use one of %s", overlay, overlays, strings.Join(names, ", "))
	}
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionLegacy
	rendered, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), filepath.Join(dir, filepath.FromSlash(overlays), overlay))
	if err != nil {
		return nil, fmt.Errorf("%s/%s: %w", overlays, overlay, err)
	}
	var objects []*unstructured.Unstructured
	for _, resource := range rendered.Resources() {
		content, err := resource.MarshalJSON()
		object := &unstructured.Unstructured{}
		if err := errors.Join(err, object.UnmarshalJSON(content)); err != nil {
			return nil, fmt.Errorf("%s/%s: %w", overlays, overlay, err)
		}
		objects = append(objects, object)
	}
	// APIServices come last, because while one is not available, no namespace can be deleted.
	slices.SortStableFunc(objects, func(a, b *unstructured.Unstructured) int { return rank(a) - rank(b) })
	return objects, nil
}

func rank(object *unstructured.Unstructured) int {
	if cluster.IsAPIService(object) {
		return 1
	}
	return 0
}

// setImage sets the image of the project's programs in their Deployments.
func setImage(objects []*unstructured.Unstructured, project, image string) error {
	found := false
	for _, object := range objects {
		program, ok := strings.CutPrefix(object.GetName(), project+"-")
		if object.GetKind() != "Deployment" || !ok || !slices.Contains(programs.All(), program) {
			continue
		}
		if err := setImageOf(object, program, image); err != nil {
			return fmt.Errorf("%s: %w", cluster.Name(object), err)
		}
		found = true
	}
	if !found {
		return fmt.Errorf("no Deployment is named %[1]s-%[2]s or %[1]s-%[3]s: set the image in the manifests instead of --image", project, programs.APIServer, programs.ControllerManager)
	}
	return nil
}

// setImageOf sets the image of a program's container, which has the name of the program.
func setImageOf(deployment *unstructured.Unstructured, program, image string) error {
	path := []string{"spec", "template", "spec", "containers"}
	containers, _, err := unstructured.NestedSlice(deployment.Object, path...)
	if err != nil {
		return err
	}
	for _, entry := range containers {
		if container, ok := entry.(map[string]any); ok && container["name"] == program {
			container["image"] = image
			return unstructured.SetNestedSlice(deployment.Object, containers, path...)
		}
	}
	return fmt.Errorf("no container is named %s: set the image in the manifests instead of --image", program)
}
