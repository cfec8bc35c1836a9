package test

import (
	"context"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"example.com/metrics/pkg/generated/clientset/versioned"
)

// quantity parses a quantity.
func quantity(text string) resource.Quantity { return resource.MustParse(text) }

// The generated tests change the nodes that the usage belongs to.
func init() {
	sources["nodes.metrics.k8s.io"] = source{
		set: applyNode,
		remove: func(ctx context.Context, name string) error {
			client, err := kubernetes.NewForConfig(config)
			if err != nil {
				return err
			}
			return client.CoreV1().Nodes().Delete(ctx, name, metav1.DeleteOptions{})
		},
	}
}

// TestMetricsNodeMetrics tests what only a NodeMetrics does. The generated tests beside it cover what every kind does.
func TestMetricsNodeMetrics(t *testing.T) {
	const name = "worker"
	if err := applyNode(t.Context(), name, map[string]string{"zone": "a"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sources["nodes.metrics.k8s.io"].remove(context.Background(), name); err != nil {
			t.Error(err)
		}
	})
	clientset, err := versioned.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		_, err := clientset.MetricsV1beta1().NodeMetricses().Get(t.Context(), name, metav1.GetOptions{})
		return err
	})
	got, err := clientset.MetricsV1beta1().NodeMetricses().Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if cpu := got.Usage.Cpu().MilliValue(); cpu < 700 || cpu > 800 || got.Usage.Memory().Cmp(quantity("3Gi")) != 0 || got.Labels["zone"] != "a" {
		t.Errorf("got %+v, want 750m, 3Gi and the label of the node", got)
	}
	// kubectl top reads this API.
	top := kubectl(t, "top", "nodes")
	if !regexp.MustCompile(`(?m)^worker +7\d\dm +1\d% +3072Mi +37% *$`).MatchString(top) {
		t.Errorf("kubectl top nodes printed\n%s", top)
	}
	// Other commands work as for stored kinds. wait watches.
	for command, want := range map[string]string{
		"describe nodes.metrics.k8s.io worker":                                      `(?m)^Usage:$`,
		"explain nodes --api-version=metrics.k8s.io/v1beta1":                        `(?m)^KIND: +NodeMetrics$`,
		"wait nodes.metrics.k8s.io worker --for=jsonpath={.metadata.labels.zone}=a": `condition met`,
		"get nodes.metrics.k8s.io --field-selector=metadata.name=worker -o name":    `^nodemetrics.metrics.k8s.io/worker\n$`,
	} {
		if out := kubectl(t, strings.Fields(command)...); !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("kubectl %s printed\n%s", command, out)
		}
	}
}

// kubectl runs the kubectl that is built into builder.
func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	proxy, err := findProxy()
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig := clientcmdapi.NewConfig()
	kubeconfig.CurrentContext = "test"
	kubeconfig.Contexts["test"] = &clientcmdapi.Context{Cluster: "test", AuthInfo: "test"}
	kubeconfig.Clusters["test"] = &clientcmdapi.Cluster{Server: config.Host, CertificateAuthority: config.CAFile, CertificateAuthorityData: config.CAData}
	kubeconfig.AuthInfos["test"] = &clientcmdapi.AuthInfo{
		ClientCertificate: config.CertFile, ClientCertificateData: config.CertData, ClientKey: config.KeyFile, ClientKeyData: config.KeyData,
	}
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*kubeconfig, file); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(filepath.Dir(proxy), "builder"), append([]string{"kubectl", "--kubeconfig=" + file}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("kubectl %v: %v\n%s", args, err, out)
	}
	return string(out)
}
