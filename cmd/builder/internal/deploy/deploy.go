// Package deploy brings a project to a cluster, and removes it.
package deploy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/apiserver-builder/builder/cmd/builder/internal/cluster"
	"github.com/apiserver-builder/builder/cmd/builder/internal/display"
)

// interval is the time between two requests for the state of the objects.
const interval = time.Second

// Options are the arguments of Deploy and Undeploy.
type Options struct {
	// Dir is the project's folder.
	Dir string
	// Project is the project's name.
	Project string
	// Overlay is the name of a folder in config/overlays.
	Overlay string
	// Image replaces the image in the manifests. It may be empty.
	Image string
	// Config is that of a cluster administrator.
	Config *rest.Config
	// Namespace is the namespace of objects that need one and have none.
	Namespace string
	// Timeout limits the whole operation.
	Timeout time.Duration
	// Display shows the progress.
	Display *display.Display
}

// A Result describes what Deploy has changed.
type Result struct {
	// Objects is the number of applied objects.
	Objects int
	// Removed lists the deleted APIServices: those of versions that the manifests no longer have.
	Removed []string
}

// A deployment is a client of the cluster, with the objects of an overlay.
type deployment struct {
	*cluster.Cluster
	Options
	objects []*unstructured.Unstructured
}

func newDeployment(o Options) (*deployment, error) {
	objects, err := render(o.Dir, o.Overlay)
	if err != nil {
		return nil, err
	}
	client, err := cluster.New(o.Config, o.Namespace)
	return &deployment{client, o, objects}, err
}

// Deploy applies the overlay, deletes the project's other APIServices, and waits until all Deployments have rolled out and all APIServices are
// available. If the time is over, the error lists what is not ready, and why. After an error too, the result describes what has changed.
func Deploy(ctx context.Context, o Options) (Result, error) {
	d, err := newDeployment(o)
	if err != nil {
		return Result{}, err
	}
	if o.Image != "" {
		if err := setImage(d.objects, o.Project, o.Image); err != nil {
			return Result{}, fmt.Errorf("%s/%s: %w", overlays, o.Overlay, err)
		}
	}
	limited, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	defer o.Display.End()
	result, err := d.deploy(limited)
	if err != nil && ctx.Err() != nil {
		return result, errors.New(`interrupted: some objects may have been applied: run "builder deploy" again, or "builder undeploy"`)
	}
	return result, err
}

func (d *deployment) deploy(ctx context.Context) (result Result, err error) {
	d.Display.Begin(fmt.Sprintf("applying %s/%s", overlays, d.Overlay))
	for _, object := range d.objects {
		d.Display.Detail(cluster.Name(object))
		if err := d.Apply(ctx, object); meta.IsNoMatchError(err) {
			return result, fmt.Errorf("the cluster has no kind %s in %s: install what serves it first", object.GetKind(), object.GetAPIVersion())
		} else if err != nil {
			return result, fmt.Errorf("apply %s: %w", cluster.Name(object), err)
		}
		result.Objects++
	}
	// Without a server, the APIService of a removed version would keep all namespaces from being deleted.
	outdated, err := d.outdated(ctx)
	if err != nil {
		return result, err
	}
	for _, object := range outdated {
		if _, err := d.Delete(ctx, object); err != nil {
			return result, fmt.Errorf("delete %s: %w", cluster.Name(object), err)
		}
		result.Removed = append(result.Removed, object.GetName())
	}
	d.Display.Begin("waiting until everything is ready")
	err = cluster.Wait(ctx, interval, func(ctx context.Context) error {
		unready := d.unready(ctx)
		if unready != nil {
			d.Display.Detail(strings.ReplaceAll(unready.Error(), "\n", "; "))
		}
		return unready
	})
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && err != nil {
		err = fmt.Errorf("not ready after %s:\n%w", d.Timeout, errors.Join(err, d.podProblems(context.WithoutCancel(ctx))))
	}
	return result, err
}
