package deploy

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

// manager is the field manager of the objects.
const manager = "builder"

var apiServices = apiregistrationv1.SchemeGroupVersion.WithResource("apiservices")

// cluster is a client of a cluster.
type cluster struct {
	dynamic dynamic.Interface
	mapper  *restmapper.DeferredDiscoveryRESTMapper
}

func newCluster(config *rest.Config) (*cluster, error) {
	config = rest.CopyConfig(config)
	config.QPS = -1 // the server limits requests
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	found, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	return &cluster{client, restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(found))}, nil
}

// client returns a client for an object.
func (c *cluster) client(object *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	kind := object.GroupVersionKind()
	mapping, err := c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if meta.IsNoMatchError(err) {
		c.mapper.Reset() // it may be new
		mapping, err = c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	}
	if err != nil {
		return nil, err
	}
	resource := c.dynamic.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		return resource.Namespace(object.GetNamespace()), nil
	}
	return resource, nil
}

// apply applies an object with server-side apply.
func (c *cluster) apply(ctx context.Context, object *unstructured.Unstructured) error {
	client, err := c.client(object)
	if err != nil {
		return err
	}
	_, err = client.Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: manager, Force: true})
	return err
}

// delete deletes an object. It returns false if it does not exist.
func (c *cluster) delete(ctx context.Context, object *unstructured.Unstructured) (bool, error) {
	client, err := c.client(object)
	if meta.IsNoMatchError(err) {
		return false, nil // without the kind, there are no objects
	}
	if err != nil {
		return false, err
	}
	background := metav1.DeletePropagationBackground
	err = client.Delete(ctx, object.GetName(), metav1.DeleteOptions{PropagationPolicy: &background})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

// gone returns an error while an object exists.
func (c *cluster) gone(ctx context.Context, object *unstructured.Unstructured) error {
	client, err := c.client(object)
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
	for _, condition := range conditions(got) {
		if condition.Status == metav1.ConditionTrue && condition.Message != "" {
			reason = errors.New(condition.Message)
		}
	}
	return reason
}

// conditions returns the conditions in the status of an object.
func conditions(object *unstructured.Unstructured) []metav1.Condition {
	entries, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	var out []metav1.Condition
	for _, entry := range entries {
		fields, ok := entry.(map[string]any)
		if !ok {
			continue
		}
		text := func(name string) string { value, _ := fields[name].(string); return value }
		out = append(out, metav1.Condition{
			Type: text("type"), Status: metav1.ConditionStatus(text("status")), Reason: text("reason"), Message: text("message"),
		})
	}
	return out
}

// name returns the kind and name of an object, for messages.
func name(object *unstructured.Unstructured) string {
	return fmt.Sprintf("%s %s", object.GetKind(), object.GetName())
}

// until calls f once a second until it returns no error, or ctx is done. It then returns the last error of f.
func until(ctx context.Context, f func(context.Context) error) error {
	var last error
	err := wait.PollUntilContextCancel(ctx, time.Second, true, func(ctx context.Context) (bool, error) {
		if err := f(ctx); err == nil || ctx.Err() == nil {
			last = err
		}
		return last == nil, nil
	})
	if err != nil && last == nil {
		return err
	}
	return last
}
