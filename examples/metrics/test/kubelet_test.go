package test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/kubernetes"
)

// The apiserver measures often, and does not verify the certificate of the kubelet below.
func init() {
	apiserverArgs = append(apiserverArgs, "--metric-resolution=200ms", "--kubelet-insecure-tls")
}

// A kubelet serves the resource metrics of all nodes. No kubelet runs in the tests, but the text is in the format of a real one.
type kubelet struct {
	*httptest.Server

	lock       sync.Mutex
	containers map[string]container // by namespace/pod/container
	// now is the time that the metrics are of. It is zero for the current time.
	now time.Time
	// scrapes counts the requests since now has changed, by the first word of their user agent.
	scrapes map[string]int
}

// A container uses cores of a CPU from its start on, and memory in bytes.
type container struct {
	start  time.Time
	cores  float64
	memory int
}

// kubelets is the kubelet of all nodes.
var kubelets = sync.OnceValue(func() *kubelet {
	k := &kubelet{containers: map[string]container{}, scrapes: map[string]int{}}
	k.Server = httptest.NewTLSServer(k)
	return k
})

// ServeHTTP serves /metrics/resource.
func (k *kubelet) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if request.URL.Path != "/metrics/resource" || !strings.HasPrefix(request.Header.Get("Authorization"), "Bearer ") {
		http.Error(w, "the kubelet in this test serves only /metrics/resource, for clients with a token", http.StatusForbidden)
		return
	}
	k.lock.Lock()
	defer k.lock.Unlock()
	agent, _, _ := strings.Cut(request.UserAgent(), "/")
	k.scrapes[agent]++
	now := k.now
	if now.IsZero() {
		now = time.Now()
	}
	_, _ = w.Write(k.metrics(now))
}

// metrics returns the text of the metrics at a time.
func (k *kubelet) metrics(now time.Time) []byte {
	var text []byte
	family := func(name, kind string, timestamped bool, ofNode string, of func(container) string) {
		text = fmt.Appendf(text, "# TYPE %s %s\n", name, kind)
		suffix := "\n"
		if timestamped {
			suffix = fmt.Sprintf(" %d\n", now.UnixMilli())
		}
		if ofNode != "" {
			text = fmt.Append(text, name, " ", ofNode, suffix)
			return
		}
		for id, c := range k.containers {
			if now.After(c.start) {
				parts := strings.Split(id, "/")
				text = fmt.Appendf(text, "%s{container=%q,namespace=%q,pod=%q} %s%s", name, parts[2], parts[0], parts[1], of(c), suffix)
			}
		}
	}
	family("node_cpu_usage_seconds_total", "counter", true, fmt.Sprintf("%f", 0.75*(float64(now.UnixMilli())/1000-1.7e9)), nil)
	family("node_memory_working_set_bytes", "gauge", true, strconv.Itoa(3<<30), nil)
	family("container_cpu_usage_seconds_total", "counter", true, "", func(c container) string { return fmt.Sprintf("%f", c.cores*now.Sub(c.start).Seconds()) })
	family("container_memory_working_set_bytes", "gauge", true, "", func(c container) string { return strconv.Itoa(c.memory) })
	family("container_start_time_seconds", "gauge", false, "", func(c container) string { return fmt.Sprintf("%f", float64(c.start.UnixMilli())/1000) })
	return text
}

// set adds or replaces a container.
func (k *kubelet) set(namespace, pod, name string, c container) {
	k.lock.Lock()
	defer k.lock.Unlock()
	k.containers[namespace+"/"+pod+"/"+name] = c
}

// removePod removes the containers of a pod.
func (k *kubelet) removePod(namespace, pod string) {
	k.lock.Lock()
	defer k.lock.Unlock()
	for name := range k.containers {
		if strings.HasPrefix(name, namespace+"/"+pod+"/") {
			delete(k.containers, name)
		}
	}
}

// setTime sets the time of the metrics.
func (k *kubelet) setTime(now time.Time) {
	k.lock.Lock()
	defer k.lock.Unlock()
	k.now, k.scrapes = now, map[string]int{}
}

// scraped returns the number of requests since the time was set, by the first word of their user agent.
func (k *kubelet) scraped(agent string) int {
	k.lock.Lock()
	defer k.lock.Unlock()
	return k.scrapes[agent]
}

// applyNode creates or changes a node with this kubelet.
func applyNode(ctx context.Context, name string, labels map[string]string) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	options := metav1.ApplyOptions{FieldManager: "test", Force: true}
	if _, err := client.CoreV1().Nodes().Apply(ctx, applycorev1.Node(name).WithLabels(labels), options); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(kubelets().Listener.Addr().String())
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	status := applycorev1.NodeStatus().
		WithAddresses(applycorev1.NodeAddress().WithType(corev1.NodeInternalIP).WithAddress(host)).
		WithAllocatable(corev1.ResourceList{"cpu": quantity("4"), "memory": quantity("8Gi")}).
		WithConditions(applycorev1.NodeCondition().WithType(corev1.NodeReady).WithStatus(corev1.ConditionTrue)).
		WithDaemonEndpoints(applycorev1.NodeDaemonEndpoints().WithKubeletEndpoint(applycorev1.DaemonEndpoint().WithPort(int32(number))))
	_, err = client.CoreV1().Nodes().ApplyStatus(ctx, applycorev1.Node(name).WithStatus(status), options)
	return err
}

// applyPod creates or changes a pod with the given containers.
func applyPod(ctx context.Context, node, name string, labels map[string]string, containers ...string) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	spec := applycorev1.PodSpec().WithNodeName(node).WithAutomountServiceAccountToken(false)
	for _, container := range containers {
		spec.WithContainers(applycorev1.Container().WithName(container).WithImage("example.com/none"))
	}
	_, err = client.CoreV1().Pods(metav1.NamespaceDefault).Apply(ctx, applycorev1.Pod(name, metav1.NamespaceDefault).WithLabels(labels).WithSpec(spec),
		metav1.ApplyOptions{FieldManager: "test", Force: true})
	if err != nil {
		return err
	}
	return setPhase(ctx, name, corev1.PodRunning)
}

// setPhase sets the phase of a pod, as its kubelet would.
func setPhase(ctx context.Context, name string, phase corev1.PodPhase) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	_, err = client.CoreV1().Pods(metav1.NamespaceDefault).ApplyStatus(ctx, applycorev1.Pod(name, metav1.NamespaceDefault).
		WithStatus(applycorev1.PodStatus().WithPhase(phase)), metav1.ApplyOptions{FieldManager: "test", Force: true})
	return err
}

// deletePod deletes a pod at once, because no kubelet confirms that its containers have ended.
func deletePod(ctx context.Context, name string) error {
	kubelets().removePod(metav1.NamespaceDefault, name)
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	return client.CoreV1().Pods(metav1.NamespaceDefault).Delete(ctx, name, *metav1.NewDeleteOptions(0))
}
