// Package deploy brings a project to a cluster, and removes it.
package deploy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"k8s.io/kubectl/pkg/polymorphichelpers"

	"github.com/apiserver-builder/builder/cmd/builder/internal/display"
)

// programs are the names of the containers with the project's image.
var programs = []string{"apiserver", "controller-manager"}

// Options are the arguments of Deploy and Undeploy.
type Options struct {
	// Dir is the project's folder.
	Dir string
	// Overlay is the name of a folder in config/overlays.
	Overlay string
	// Image replaces the image in the manifests. It may be empty.
	Image string
	// Config is that of a cluster administrator.
	Config *rest.Config
	// Timeout limits the whole operation.
	Timeout time.Duration
	// Display shows the progress.
	Display *display.Display
}

// Deploy applies the overlay, and waits until all Deployments have rolled out and all APIServices are available. It returns the number of
// objects. If the time is over, the error lists what is not ready, and why.
func Deploy(ctx context.Context, o Options) (int, error) {
	objects, err := render(o.Dir, o.Overlay)
	if err != nil {
		return 0, err
	}
	if o.Image != "" {
		if err := setImage(objects, o.Image); err != nil {
			return 0, err
		}
	}
	c, err := newCluster(o.Config)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	defer o.Display.End()
	o.Display.Begin(fmt.Sprintf("applying config/overlays/%s", o.Overlay))
	for _, object := range objects {
		o.Display.Detail(name(object))
		if err := c.apply(ctx, object); meta.IsNoMatchError(err) {
			return 0, fmt.Errorf("the cluster has no kind %s in %s: install what serves it first", object.GetKind(), object.GetAPIVersion())
		} else if err != nil {
			return 0, fmt.Errorf("apply %s: %w", name(object), err)
		}
	}
	o.Display.Begin("waiting until everything is ready")
	err = until(ctx, func(ctx context.Context) error {
		unready := c.unready(ctx, objects)
		if unready != nil {
			o.Display.Detail(strings.ReplaceAll(unready.Error(), "\n", "; "))
		}
		return unready
	})
	if err != nil {
		return 0, fmt.Errorf("not ready after %s:\n%w", o.Timeout, errors.Join(err, c.waitingPods(context.WithoutCancel(ctx), objects)))
	}
	return len(objects), nil
}

// unready returns an error that describes which of the objects are not ready.
func (c *cluster) unready(ctx context.Context, objects []*unstructured.Unstructured) error {
	var unready []error
	for _, object := range objects {
		check := rollout
		if isAPIService(object) {
			check = available
		} else if _, err := polymorphichelpers.StatusViewerFor(object.GroupVersionKind().GroupKind()); err != nil {
			continue // it has no status to wait for
		}
		client, err := c.client(object)
		if err == nil {
			var got *unstructured.Unstructured
			if got, err = client.Get(ctx, object.GetName(), metav1.GetOptions{}); err == nil {
				err = check(got)
			}
		}
		if err != nil {
			unready = append(unready, fmt.Errorf("%s: %w", name(object), err))
		}
	}
	return errors.Join(unready...)
}

// rollout returns an error while a Deployment, or another workload, has not rolled out.
func rollout(object *unstructured.Unstructured) error {
	viewer, err := polymorphichelpers.StatusViewerFor(object.GroupVersionKind().GroupKind())
	if err != nil {
		return err
	}
	message, done, err := viewer.Status(object, 0)
	if err == nil && !done {
		err = errors.New(strings.TrimSuffix(message, "...\n"))
	}
	return err
}

// available returns an error unless an APIService is available.
func available(object *unstructured.Unstructured) error {
	for _, condition := range conditions(object) {
		if condition.Type == "Available" {
			if condition.Status == metav1.ConditionTrue {
				return nil
			}
			return fmt.Errorf("%s: %s", condition.Reason, condition.Message)
		}
	}
	return errors.New("it is not known whether it is available")
}
