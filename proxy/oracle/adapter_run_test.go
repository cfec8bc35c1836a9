package oracle

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apiserver-builder/builder/proxy/oracle/kube"
	"github.com/apiserver-builder/builder/proxy/proxytest"
)

const (
	// adapterModule is not in this module's graph: it requires newer versions of what kube-apiserver is built of than
	// kube-apiserver's own release does.
	adapterModule = "sigs.k8s.io/custom-metrics-apiserver@v1.37.0"
	// Where the adapter is told values; there is no flag for it.
	adapterWritePort = 8080
	// As its manifest has it.
	adapterNamespace, adapterName = "custom-metrics", "custom-metrics-apiserver"
)

var adapterAPIServices = []string{"v1beta1.custom.metrics.k8s.io", "v1beta2.custom.metrics.k8s.io", "v1beta1.external.metrics.k8s.io"}

// startAdapter applies the adapter's own manifest, runs it on this machine as the ServiceAccount that it has there, and
// waits until requests get through.
func startAdapter(t *testing.T, cp *proxytest.ControlPlane, kubectl kubectl) {
	t.Helper()
	wantWritePort(t)
	program, manifest := adapter(t)
	kubectl.must(t, "apply", "-f", manifest)
	port := proxytest.FreePort(t)
	// It runs here instead of in a Pod: the same Service leads to this machine.
	kubectl.must(t, "delete", "service", adapterName, "-n", adapterNamespace)
	kubectl.must(t, "create", "service", "externalname", adapterName, "-n", adapterNamespace, "--external-name=localhost")
	for _, name := range adapterAPIServices {
		kubectl.must(t, "patch", "apiservice", name, "--type=merge", "-p", fmt.Sprintf(`{"spec":{"service":{"port":%d}}}`, port))
	}
	kubeconfig := kubectl.serviceAccount(t, adapterNamespace, adapterName)
	dir := t.TempDir()
	kube.StartProcess(t, dir, "test-adapter", program, "--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", port), "--cert-dir", dir,
		"--lister-kubeconfig", kubeconfig, "--authentication-kubeconfig", kubeconfig, "--authorization-kubeconfig", kubeconfig)
	for _, name := range adapterAPIServices {
		kubectl.must(t, "wait", "--for=condition=Available", "--timeout="+proxytest.Patience.String(), "apiservice/"+name)
		version, group, _ := strings.Cut(name, ".")
		path := "/apis/" + group + "/" + version
		// kube-apiserver says that it is available a moment before it passes requests on.
		proxytest.Eventually(t, "GET "+path, proxytest.Patience, func(ctx context.Context) error {
			_, err := kubectl.run(ctx, "get", "--raw", path)
			return err
		})
	}
}

// wantWritePort skips the test where the adapter could only end at once.
func wantWritePort(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf(":%d", adapterWritePort))
	if err != nil {
		t.Skipf("the adapter has no other port for writing metrics: %v", err)
	}
	l.Close()
}

// adapter installs the adapter, as anybody would, and returns its program and its manifest.
func adapter(t *testing.T) (program, manifest string) {
	t.Helper()
	root, err := kube.RootDir()
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(root, "bin", "oracle")
	path, version, _ := strings.Cut(adapterModule, "@")
	goCommand(t, bin, "install", path+"/test-adapter@"+version)
	var module struct{ Dir string }
	if err := json.Unmarshal(goCommand(t, bin, "mod", "download", "-json", adapterModule), &module); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(bin, "test-adapter"), filepath.Join(module.Dir, "test-adapter-deploy", "testing-adapter.yaml")
}

// goCommand runs go outside of this module, with a folder for what it installs.
func goCommand(t *testing.T, bin string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOBIN="+bin)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	return out
}
