// Package machine implements the subresources of Machines, whose CustomResourceDefinition is in config/base/crd.
package machine

import (
	"context"
	"errors"
	"net/url"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"example.com/machines/pkg/registry"
)

var machines = schema.GroupVersionResource{Group: "machines.example.com", Version: "v1", Resource: "machines"}

// Parent finds Machines. The methods of their subresources are beside it.
type Parent struct{ client dynamic.Interface }

// +kubebuilder:rbac:groups=machines.example.com,resources=machines,verbs=get;patch

// Setup gets the client.
func (p *Parent) Setup(d *registry.Dependencies) (err error) {
	p.client, err = dynamic.NewForConfig(d.Config())
	return err
}

// Get returns a machine.
func (p *Parent) Get(ctx context.Context, namespace, name string) (*Machine, error) {
	from, err := p.client.Resource(machines).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	machine := &Machine{}
	return machine, runtime.DefaultUnstructuredConverter.FromUnstructured(from.Object, machine)
}

// agentOf returns a proxy to a path of the agent of a running machine.
func agentOf(machine *Machine, path string) (*registry.Proxy, error) {
	agent, err := url.Parse(machine.Status.Agent)
	if err != nil || agent.Host == "" {
		return nil, apierrors.NewConflict(machines.GroupResource(), machine.Name, errors.New("the machine does not run"))
	}
	return &registry.Proxy{Target: agent, Path: path}, nil
}
