package test

import (
	"context"
	"errors"
	"regexp"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/metrics/pkg/generated/clientset/versioned"
)

// The generated tests change the pods that the usage belongs to.
func init() {
	sources["pods.metrics.k8s.io"] = source{
		set: func(ctx context.Context, name string, labels map[string]string) error {
			kubelets().set(metav1.NamespaceDefault, name, "app", container{time.Now().Add(-time.Hour), 0.25, 64 << 20})
			return errors.Join(applyNode(ctx, "pods", nil), applyPod(ctx, "pods", name, labels, "app"))
		},
		remove: deletePod,
	}
}

// TestMetricsPodMetrics tests what only a PodMetrics does. The generated tests beside it cover what every kind does.
func TestMetricsPodMetrics(t *testing.T) {
	const name = "shop"
	start := time.Now().Add(-time.Hour)
	kubelets().set(metav1.NamespaceDefault, name, "app", container{start, 0.25, 64 << 20})
	kubelets().set(metav1.NamespaceDefault, name, "sidecar", container{start, 0.5, 16 << 20})
	if err := errors.Join(applyNode(t.Context(), "pods", nil), applyPod(t.Context(), "pods", name, map[string]string{"app": "shop"}, "app", "sidecar")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := deletePod(context.Background(), name); err != nil {
			t.Error(err)
		}
	})
	clientset, err := versioned.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	client := clientset.MetricsV1beta1().PodMetricses(metav1.NamespaceDefault)
	eventually(t, func() error {
		_, err := client.Get(t.Context(), name, metav1.GetOptions{})
		return err
	})
	got, err := client.Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Containers) != 2 || got.Containers[1].Name != "sidecar" || got.Containers[1].Usage.Memory().Cmp(quantity("16Mi")) != 0 || got.Labels["app"] != "shop" {
		t.Errorf("got %+v, want the containers app and sidecar, and the label of the pod", got)
	}
	// kubectl top reads this API.
	top := kubectl(t, "top", "pods", "-n", metav1.NamespaceDefault, "-l", "app=shop")
	if !regexp.MustCompile(`(?m)^shop +7\d\dm +80Mi *$`).MatchString(top) {
		t.Errorf("kubectl top pods printed\n%s", top)
	}
}
