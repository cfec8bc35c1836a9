// Package cluster applies, reads and deletes objects of any kind in a cluster.
package cluster

import (
	"context"
	"fmt"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/util/csaupgrade"
	"k8s.io/client-go/util/retry"
)

// Manager is the field manager of the objects.
const Manager = "builder"

// clientSideApply is the field manager of "kubectl apply" without --server-side.
const clientSideApply = "kubectl-client-side-apply"

// A Cluster is a client of a cluster.
type Cluster struct {
	Dynamic   dynamic.Interface
	Discovery *discovery.DiscoveryClient
	namespace string

	mu     sync.Mutex
	mapper meta.RESTMapperWithContext // nil until it is needed
}

// New returns a client. Objects of namespaced kinds that have no namespace get the given one, as with kubectl.
func New(config *rest.Config, namespace string) (*Cluster, error) {
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
	return &Cluster{Dynamic: client, Discovery: found, namespace: namespace}, nil
}

// Client returns a client for an object. It sets the namespace of the object if it needs one.
func (c *Cluster) Client(ctx context.Context, object *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	mapping, err := c.mapping(ctx, object.GroupVersionKind())
	if err != nil {
		return nil, err
	}
	resource := c.Dynamic.Resource(mapping.Resource)
	if mapping.Scope.Name() != meta.RESTScopeNameNamespace {
		return resource, nil
	}
	if object.GetNamespace() == "" {
		object.SetNamespace(c.namespace)
	}
	return resource.Namespace(object.GetNamespace()), nil
}

// mapping returns the resource of a kind. It reads discovery when it is first called, and whenever it does not find the kind, which may be new.
func (c *Cluster) mapping(ctx context.Context, kind schema.GroupVersionKind) (*meta.RESTMapping, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mapper != nil {
		mapping, err := c.mapper.RESTMappingWithContext(ctx, kind.GroupKind(), kind.Version)
		if !meta.IsNoMatchError(err) {
			return mapping, err
		}
	}
	groups, err := restmapper.GetAPIGroupResourcesWithContext(ctx, discovery.ToDiscoveryInterfaceWithContext(c.Discovery))
	if err != nil {
		return nil, err
	}
	c.mapper = restmapper.NewDiscoveryRESTMapperWithContext(groups)
	return c.mapper.RESTMappingWithContext(ctx, kind.GroupKind(), kind.Version)
}

// Apply applies an object with server-side apply.
func (c *Cluster) Apply(ctx context.Context, object *unstructured.Unstructured) error {
	client, err := c.Client(ctx, object)
	if err != nil {
		return err
	}
	if err := takeOver(ctx, client, object.GetName()); err != nil {
		return err
	}
	_, err = client.Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: Manager, Force: true})
	return err
}

// takeOver makes Manager the owner of the fields that "kubectl apply" has set, so that Apply removes those that are no longer applied.
// Otherwise, server-side apply would keep them for their owner.
func takeOver(ctx context.Context, client dynamic.ResourceInterface, name string) error {
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		live, err := client.Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		patch, err := csaupgrade.UpgradeManagedFieldsPatch(live, sets.New(clientSideApply), Manager)
		if err != nil || patch == nil {
			return err
		}
		_, err = client.Patch(ctx, name, types.JSONPatchType, patch, metav1.PatchOptions{FieldManager: Manager})
		return err
	})
}

// Delete deletes an object, and reports whether it existed.
func (c *Cluster) Delete(ctx context.Context, object *unstructured.Unstructured) (existed bool, err error) {
	client, err := c.Client(ctx, object)
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

// Name returns the kind and name of an object, for messages.
func Name(object *unstructured.Unstructured) string {
	return fmt.Sprintf("%s %s", object.GetKind(), object.GetName())
}
