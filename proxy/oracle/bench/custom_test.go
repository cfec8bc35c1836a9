package bench

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path"
	"sync/atomic"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/apiserver-builder/builder/proxy/oracle/kube"
	"github.com/apiserver-builder/builder/proxy/proxytest"
)

const (
	aggregated, custom   = "aggregated", "custom resource"
	aggregatedGroup      = "fruit.example.com"
	customGroup          = "custom-fruit.example.com"
	appleVersion, apples = "v1beta1", "/v1beta1/namespaces/" + namespace + "/apples"
)

// BenchmarkCustomResource measures one kube-apiserver that serves the Apple of examples/fruit twice: by its apiserver, and as a
// custom resource that controller-tools generates from the same type.
func BenchmarkCustomResource(b *testing.B) {
	b.ReportMetric(0, "ns/op") // the default metric means nothing here
	cluster := kube.StartAPIServer(b)
	extension := kube.Fruit().Start(b, cluster.ControlPlane)
	defineApples(b, cluster.ControlPlane)
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		b.Fatal(err)
	}
	s := &setup{
		targets: []target{
			{aggregated, cluster.URL + "/apis/" + aggregatedGroup, cluster.Process, nil},
			{custom, cluster.URL + "/apis/" + customGroup, cluster.Process, nil},
		},
		extension: []*os.Process{extension.Process}, self: []*os.Process{self}, trusted: cluster.ControlPlane,
	}
	r := &report{figures: map[cell][]float64{}, columns: []string{aggregated, custom}, ratios: customRatios}
	for _, w := range s.appleWorkloads(b) {
		s.measureLoad(b, r, w)
		r.print(os.Stdout)
	}
	r.printRatios(os.Stdout)
}

// defineApples creates the CustomResourceDefinition and waits until it is served.
func defineApples(b *testing.B, cp *proxytest.ControlPlane) {
	b.Helper()
	client, err := dynamic.NewForConfig(cp.Config(b))
	if err != nil {
		b.Fatal(err)
	}
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(kube.CustomApple(b, customGroup))
	if err != nil {
		b.Fatal(err)
	}
	definitions := client.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	if _, err := definitions.Create(b.Context(), &unstructured.Unstructured{Object: object}, metav1.CreateOptions{}); err != nil {
		b.Fatal(err)
	}
	resource := client.Resource(schema.GroupVersionResource{Group: customGroup, Version: appleVersion, Resource: "apples"})
	proxytest.Eventually(b, "the custom resource", proxytest.Patience, func(ctx context.Context) error {
		_, err := resource.List(ctx, metav1.ListOptions{})
		return err
	})
}

func createApple(url, name, value string) call {
	body := fmt.Sprintf(`{"apiVersion":"%s/%s","kind":"Apple","metadata":{"name":"%s","labels":{"%s":"%s"}},"spec":{"variety":"Gala","orchard":"north","tags":["crisp","sweet"]}}`, path.Base(url), appleVersion, name, label, value)
	return call{http.MethodPost, apples, body, http.StatusCreated}
}

// appleWorkloads creates the objects that are read, of both kinds.
func (s *setup) appleWorkloads(b *testing.B) []*workload {
	b.Helper()
	admin := s.clients(b)[0]
	for _, t := range s.targets {
		for i := range listed {
			createApple(t.url, fmt.Sprintf("apple-%03d", i), listedValue).mustSend(b, admin, t.url)
		}
	}
	nothing := func(*testing.B) {}
	var created atomic.Int64
	return []*workload{
		{name: get, distinct: true, next: func(string) call { return call{http.MethodGet, apples + "/apple-000", "", http.StatusOK} }, clean: nothing},
		{name: list, distinct: true, next: func(string) call { return call{http.MethodGet, apples, "", http.StatusOK} }, clean: nothing},
		{
			name: create, distinct: true,
			next: func(url string) call {
				return createApple(url, fmt.Sprintf("created-%09d", created.Add(1)), createdValue)
			},
			clean: func(b *testing.B) {
				for _, t := range s.targets {
					call{http.MethodDelete, apples + "?labelSelector=" + label + "%3D" + createdValue, "", http.StatusOK}.mustSend(b, admin, t.url)
				}
			},
		},
	}
}
