package deploy

import (
	"context"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Undeploy deletes the objects of the overlay, and waits until they are gone. It returns the number of objects that existed. It first deletes the
// APIServices, also those of versions that the project no longer has: while one of them is not available, no namespace can be deleted.
func Undeploy(ctx context.Context, o Options) (int, error) {
	objects, err := render(o.Dir, o.Overlay)
	if err != nil {
		return 0, err
	}
	c, err := newCluster(o.Config)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	defer o.Display.End()

	o.Display.Begin("deleting the APIServices")
	registered, err := c.registered(ctx, objects)
	if err != nil {
		return 0, err
	}
	for _, object := range objects {
		same := func(other *unstructured.Unstructured) bool { return other.GetName() == object.GetName() }
		if isAPIService(object) && !slices.ContainsFunc(registered, same) {
			registered = append(registered, object)
		}
	}
	first, err := c.remove(ctx, registered)
	if err != nil {
		return first, err
	}
	o.Display.Begin("deleting the other objects")
	objects = slices.DeleteFunc(objects, isAPIService)
	slices.Reverse(objects)
	others, err := c.remove(ctx, objects)
	return first + others, err
}

// registered returns the APIServices that refer to a Service in objects.
func (c *cluster) registered(ctx context.Context, objects []*unstructured.Unstructured) ([]*unstructured.Unstructured, error) {
	list, err := c.dynamic.Resource(apiServices).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list APIServices: %w", err)
	}
	var found []*unstructured.Unstructured
	for i := range list.Items {
		service, _, _ := unstructured.NestedMap(list.Items[i].Object, "spec", "service")
		refers := func(object *unstructured.Unstructured) bool {
			return object.GetKind() == "Service" && object.GetName() == service["name"] && object.GetNamespace() == service["namespace"]
		}
		if slices.ContainsFunc(objects, refers) {
			found = append(found, &list.Items[i])
		}
	}
	return found, nil
}

// remove deletes objects, and waits until they are gone. It returns the number of those that existed.
func (c *cluster) remove(ctx context.Context, objects []*unstructured.Unstructured) (int, error) {
	var deleted []*unstructured.Unstructured
	for _, object := range objects {
		existed, err := c.delete(ctx, object)
		if err != nil {
			return len(deleted), fmt.Errorf("delete %s: %w", name(object), err)
		}
		if existed {
			deleted = append(deleted, object)
		}
	}
	for _, object := range deleted {
		if err := until(ctx, func(ctx context.Context) error { return c.gone(ctx, object) }); err != nil {
			return len(deleted), fmt.Errorf("delete %s: %w", name(object), err)
		}
	}
	return len(deleted), nil
}
