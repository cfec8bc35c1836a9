package test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
)

// TestMetricsServer compares the answers with those of metrics-server, which scrapes the same nodes.
func TestMetricsServer(t *testing.T) {
	if apiserverURL == "" {
		t.Skip("with TEST_KUBECONFIG, metrics-server cannot reach the kubelet of the tests")
	}
	now := time.Now().Truncate(time.Second)
	kubelets().setTime(now)
	t.Cleanup(func() { kubelets().setTime(time.Time{}) })
	createCompared(t, now)
	port := freePort(t)
	startMetricsServer(t, port)
	ours, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	nodes, err := ours.Resource(schema.GroupVersionResource{Version: "v1", Resource: "nodes"}).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Time{now, now.Add(37 * time.Second)} {
		kubelets().setTime(at)
		for _, agent := range []string{"metrics-server", "Go-http-client"} {
			within(t, time.Minute, func() error {
				// At most one round of requests started before the time was set.
				if n := kubelets().scraped(agent); n <= len(nodes.Items) {
					return fmt.Errorf("%s has made %d requests", agent, n)
				}
				return nil
			})
		}
	}
	theirs := replicaClient(t, port)
	for _, resource := range []string{"nodes", "pods"} {
		gvr := schema.GroupVersionResource{Group: "metrics.k8s.io", Version: "v1beta1", Resource: resource}
		for _, options := range []metav1.ListOptions{
			{}, {LabelSelector: "zone=b"}, {LabelSelector: "pod in (one-container, restarted)"}, {FieldSelector: "metadata.name=two-containers"},
		} {
			eventually(t, func() error { return compare(t.Context(), theirs, ours, gvr, options) })
		}
	}
}

// createCompared creates a node and pods, and removes them after the test.
func createCompared(t *testing.T, now time.Time) {
	t.Helper()
	old, later := now.Add(-time.Hour), now.Add(5*time.Second)
	pods := map[string]map[string]container{
		"one-container":  {"app": {old, 0.123456789, 10 << 20}},
		"two-containers": {"app": {old, 1.5, 1<<30 + 1}, "sidecar": {old, 0.001, 4096}},
		"restarted":      {"app": {later, 1, 1 << 20}},
		"pending":        {"app": {old, 1, 1 << 20}},
	}
	t.Cleanup(func() {
		err := sources["nodes.metrics.k8s.io"].remove(context.Background(), "compared")
		for pod := range pods {
			err = errors.Join(err, deletePod(context.Background(), pod))
		}
		if err != nil {
			t.Error(err)
		}
	})
	if err := applyNode(t.Context(), "compared", map[string]string{"zone": "b"}); err != nil {
		t.Fatal(err)
	}
	for pod, containers := range pods {
		for name, c := range containers {
			kubelets().set(metav1.NamespaceDefault, pod, name, c)
		}
		if err := applyPod(t.Context(), "compared", pod, map[string]string{"pod": pod}, slices.Sorted(maps.Keys(containers))...); err != nil {
			t.Fatal(err)
		}
	}
	if err := setPhase(t.Context(), "pending", corev1.PodPending); err != nil {
		t.Fatal(err)
	}
}

// compare returns the differences between two servers' answers to a list request.
func compare(ctx context.Context, theirs, ours dynamic.Interface, gvr schema.GroupVersionResource, options metav1.ListOptions) error {
	want, err := comparable(ctx, theirs, gvr, options)
	if err != nil {
		return err
	}
	got, err := comparable(ctx, ours, gvr, options)
	if err != nil {
		return err
	}
	if diff := cmp.Diff(want, got); diff != "" {
		return fmt.Errorf("%s with %v (-metrics-server +this apiserver)\n%s", gvr.Resource, options, diff)
	}
	if len(want) == 0 && options.LabelSelector == "" && options.FieldSelector == "" {
		return fmt.Errorf("metrics-server returns no %s", gvr.Resource)
	}
	return nil
}

// comparable returns the objects without the fields that metrics-server sets to the time of the request or not at all.
func comparable(ctx context.Context, client dynamic.Interface, gvr schema.GroupVersionResource, options metav1.ListOptions) ([]unstructured.Unstructured, error) {
	list, err := client.Resource(gvr).List(ctx, options)
	if err != nil {
		return nil, err
	}
	for _, item := range list.Items {
		unstructured.RemoveNestedField(item.Object, "metadata", "creationTimestamp")
		unstructured.RemoveNestedField(item.Object, "metadata", "resourceVersion")
		containers, _, _ := unstructured.NestedSlice(item.Object, "containers")
		sort.Slice(containers, func(i, j int) bool { return fmt.Sprint(containers[i]) < fmt.Sprint(containers[j]) })
		if containers != nil {
			item.Object["containers"] = containers
		}
	}
	return list.Items, nil
}

// startMetricsServer builds and starts metrics-server.
func startMetricsServer(t *testing.T, port string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "metrics-server")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "sigs.k8s.io/metrics-server/cmd/metrics-server")
	build.Dir = "metricsserver"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building metrics-server: %v\n%s", err, out)
	}
	certificate, key := certificateFiles(t)
	args := slices.DeleteFunc(slices.Clone(apiserverArgs), func(arg string) bool {
		return arg == "--metric-resolution=200ms" || strings.HasPrefix(arg, "--certificate-secret=")
	})
	cmd := exec.CommandContext(t.Context(), program, append(args, "--metric-resolution=10s", "--kubelet-request-timeout=5s", "--kubelet-use-node-status-port",
		"--kubelet-preferred-address-types=InternalIP", "--bind-address=127.0.0.1", "--secure-port="+port, "--tls-cert-file="+certificate, "--tls-private-key-file="+key)...)
	cmd.Stdout, cmd.Stderr = testLog, testLog
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		if err := cmd.Wait(); t.Context().Err() == nil {
			t.Errorf("metrics-server exited: %v", err)
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-exited
	})
}

// certificateFiles writes this apiserver's certificate and its key to files, and returns their names.
func certificateFiles(t *testing.T) (certificate, key string) {
	t.Helper()
	admin, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := admin.CoreV1().Secrets(namespace).Get(t.Context(), apiserverName+"-certificates", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certificate, key = filepath.Join(dir, corev1.TLSCertKey), filepath.Join(dir, corev1.TLSPrivateKeyKey)
	err = errors.Join(os.WriteFile(certificate, secret.Data[corev1.TLSCertKey], 0o600), os.WriteFile(key, secret.Data[corev1.TLSPrivateKeyKey], 0o600))
	if err != nil {
		t.Fatal(err)
	}
	return certificate, key
}
