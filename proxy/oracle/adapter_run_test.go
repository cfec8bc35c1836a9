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
	// adapterModule is not required in go.mod, because it requires newer versions of kube-apiserver's dependencies than
	// kube-apiserver does.
	adapterModule = "sigs.k8s.io/custom-metrics-apiserver@v1.37.0"
	// The adapter accepts metrics at this port. There is no flag for it.
	adapterWritePort = 8080
	// as in its manifest
	adapterNamespace, adapterName = "custom-metrics", "custom-metrics-apiserver"
)

var adapterAPIServices = []string{"v1beta1.custom.metrics.k8s.io", "v1beta2.custom.metrics.k8s.io", "v1beta1.external.metrics.k8s.io"}

// startAdapter applies the adapter's own manifest, runs it on this machine as its ServiceAccount, and waits until it is served.
func startAdapter(t *testing.T, cp *proxytest.ControlPlane, kubectl kubectl) {
	t.Helper()
	wantWritePort(t)
	program, manifest := adapter(t)
	kubectl.must(t, "apply", "-f", manifest)
	port := proxytest.FreePort(t)
	// It does not run in a Pod, so the same Service refers to this machine.
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
		// kube-apiserver reports it as available a moment before it forwards requests.
		proxytest.Eventually(t, "GET "+path, proxytest.Patience, func(ctx context.Context) error {
			_, err := kubectl.run(ctx, "get", "--raw", path)
			return err
		})
	}
}

// wantWritePort skips the test if the adapter could not listen on its port.
func wantWritePort(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf(":%d", adapterWritePort))
	if err != nil {
		t.Skipf("the adapter has no other port for writing metrics: %v", err)
	}
	l.Close()
}

// adapter installs the adapter, as a user would, and returns the paths of its program and its manifest.
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

// goCommand runs go outside this module, with a folder for the programs that it installs.
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
