package deploy

import (
	"context"
	"errors"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/kubectl/pkg/polymorphichelpers"

	"github.com/apiserver-builder/builder/cmd/builder/internal/cluster"
)

// unready returns an error that describes which of the objects are not ready.
func (d *deployment) unready(ctx context.Context) error {
	var unready []error
	for _, object := range d.objects {
		check := rollout
		if cluster.IsAPIService(object) {
			check = cluster.Available
		} else if !isWorkload(object) {
			continue // it has no status to wait for
		}
		client, err := d.Client(ctx, object)
		if err == nil {
			var got *unstructured.Unstructured
			if got, err = client.Get(ctx, object.GetName(), metav1.GetOptions{}); err == nil {
				err = check(got)
			}
		}
		if err != nil {
			unready = append(unready, fmt.Errorf("%s: %w", cluster.Name(object), err))
		}
	}
	return errors.Join(unready...)
}

// isWorkload reports whether an object is a Deployment, or another object whose Pods roll out.
func isWorkload(object *unstructured.Unstructured) bool {
	_, err := polymorphichelpers.StatusViewerFor(object.GroupVersionKind().GroupKind())
	return err == nil
}

// rollout returns an error while a workload has not rolled out.
func rollout(object *unstructured.Unstructured) error {
	viewer, err := polymorphichelpers.StatusViewerFor(object.GroupVersionKind().GroupKind())
	if err != nil {
		return err
	}
	message, done, err := viewer.Status(object, 0)
	if done {
		return nil // with an error too: nothing rolls out with the update strategy OnDelete
	}
	if err == nil {
		err = errors.New(strings.TrimSuffix(message, "...\n"))
	}
	for _, condition := range cluster.Conditions(object) {
		if condition.Type == string(appsv1.DeploymentReplicaFailure) && condition.Status == metav1.ConditionTrue {
			err = fmt.Errorf("%w: %s", err, condition.Message)
		}
	}
	return err
}
