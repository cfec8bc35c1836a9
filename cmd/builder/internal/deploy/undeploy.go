package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/apiserver-builder/builder/cmd/builder/internal/cluster"
)

// Undeploy deletes the objects of the overlay, and waits until they are gone. It returns the number of objects that existed. It first deletes the
// APIServices, also those of versions that the project no longer has: while one of them is not available, no namespace can be deleted.
func Undeploy(ctx context.Context, o Options) (int, error) {
	d, err := newDeployment(o)
	if err != nil {
		return 0, err
	}
	limited, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	defer o.Display.End()
	n, err := d.undeploy(limited)
	if err != nil && ctx.Err() != nil {
		return n, errors.New(`interrupted: some objects may still exist: run "builder undeploy" again`)
	}
	return n, err
}

func (d *deployment) undeploy(ctx context.Context) (int, error) {
	d.Display.Begin("deleting the APIServices")
	outdated, err := d.outdated(ctx)
	if err != nil {
		return 0, err
	}
	var current, others []*unstructured.Unstructured
	for _, object := range d.objects {
		if cluster.IsAPIService(object) {
			current = append(current, object)
		} else {
			others = append(others, object)
		}
	}
	first, err := d.remove(ctx, append(outdated, current...))
	if err != nil {
		return first, err
	}
	d.Display.Begin("deleting the other objects")
	slices.Reverse(others)
	second, err := d.remove(ctx, others)
	return first + second, err
}

// outdated returns the APIServices that refer to a Service of the overlay, but are not in the overlay.
func (d *deployment) outdated(ctx context.Context) ([]*unstructured.Unstructured, error) {
	return d.APIServices(ctx, func(found *unstructured.Unstructured) bool {
		service, _, _ := unstructured.NestedMap(found.Object, "spec", "service")
		refers := func(object *unstructured.Unstructured) bool {
			return object.GetKind() == "Service" && object.GetName() == service["name"] && cmp.Or(object.GetNamespace(), d.Namespace) == service["namespace"]
		}
		same := func(object *unstructured.Unstructured) bool {
			return cluster.IsAPIService(object) && object.GetName() == found.GetName()
		}
		return slices.ContainsFunc(d.objects, refers) && !slices.ContainsFunc(d.objects, same)
	})
}

// remove deletes objects, and waits until they are gone. It returns the number of those that existed.
func (d *deployment) remove(ctx context.Context, objects []*unstructured.Unstructured) (int, error) {
	var deleted []*unstructured.Unstructured
	for _, object := range objects {
		existed, err := d.Delete(ctx, object)
		if err != nil {
			return len(deleted), fmt.Errorf("delete %s: %w", cluster.Name(object), err)
		}
		if existed {
			deleted = append(deleted, object)
		}
	}
	for _, object := range deleted {
		if err := cluster.Wait(ctx, interval, func(ctx context.Context) error { return d.gone(ctx, object) }); err != nil {
			return len(deleted), fmt.Errorf("delete %s: %w", cluster.Name(object), err)
		}
	}
	return len(deleted), nil
}

// gone returns an error while an object exists.
func (d *deployment) gone(ctx context.Context, object *unstructured.Unstructured) error {
	client, err := d.Client(ctx, object)
	if err != nil {
		return err
	}
	got, err := client.Get(ctx, object.GetName(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	reason := errors.New("it still exists")
	for _, condition := range cluster.Conditions(got) {
		if condition.Status == metav1.ConditionTrue && condition.Message != "" {
			reason = errors.New(condition.Message)
		}
	}
	return reason
}
