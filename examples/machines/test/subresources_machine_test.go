package test

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"example.com/machines/pkg/generated/clientset/versioned"
)

const machinesPath = "/apis/subresources.machines.example.com/v1/namespaces/default/machines/"

// machines returns a client of the CustomResourceDefinition's objects.
func machines() (dynamic.ResourceInterface, error) {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return client.Resource(schema.GroupVersionResource{Group: "machines.example.com", Version: "v1", Resource: "machines"}).Namespace(metav1.NamespaceDefault), nil
}

// defined creates the CustomResourceDefinition.
var defined = sync.OnceValue(func() error {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	file, err := os.ReadFile("../config/base/crd/machines.yaml")
	if err != nil {
		return err
	}
	crd := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(file, crd); err != nil {
		return err
	}
	crds := client.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	if _, err := crds.Create(context.Background(), crd, metav1.CreateOptions{}); err != nil {
		return err
	}
	all, err := machines()
	for deadline := time.Now().Add(30 * time.Second); err == nil; time.Sleep(50 * time.Millisecond) {
		if _, err := all.List(context.Background(), metav1.ListOptions{}); err == nil || time.Now().After(deadline) {
			return err
		}
	}
	return err
})

// setMachine creates or changes a machine. It runs if it has an agent.
func setMachine(ctx context.Context, name, agent string, labels map[string]string) error {
	all, err := machines()
	if err != nil {
		return err
	}
	if err := defined(); err != nil {
		return err
	}
	machine := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "machines.example.com/v1", "kind": "Machine"}}
	machine.SetName(name)
	machine.SetLabels(labels)
	options := metav1.ApplyOptions{FieldManager: "test", Force: true}
	if _, err := all.Apply(ctx, name, machine, options); err != nil {
		return err
	}
	machine.Object["status"] = map[string]any{"agent": agent}
	_, err = all.ApplyStatus(ctx, name, machine, options)
	return err
}

// The generated tests create machines that run.
func init() {
	sources["machines.subresources.machines.example.com"] = source{
		set: func(ctx context.Context, name string, labels map[string]string) error {
			return setMachine(ctx, name, agent().URL, labels)
		},
		remove: func(ctx context.Context, name string) error {
			all, err := machines()
			if err != nil {
				return err
			}
			return all.Delete(ctx, name, metav1.DeleteOptions{})
		},
	}
}

// TestStoppedMachine sends requests for a machine that does not run.
func TestStoppedMachine(t *testing.T) {
	if err := setMachine(t.Context(), "stopped", "", nil); err != nil {
		t.Fatal(err)
	}
	client := restClient(t)
	for _, subresource := range []string{"log", "console", "portforward", "proxy"} {
		err := client.Get().AbsPath(machinesPath+"stopped/"+subresource).Param("port", "22").Do(t.Context()).Error()
		if !apierrors.IsConflict(err) || !strings.Contains(err.Error(), "the machine does not run") {
			t.Errorf("%s: got %v, want a conflict", subresource, err)
		}
	}
}

func restClient(t *testing.T) rest.Interface {
	t.Helper()
	clientset, err := versioned.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return clientset.SubresourcesV1().RESTClient()
}
