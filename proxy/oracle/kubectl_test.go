package oracle

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/apiserver-builder/builder/proxy/oracle/kube"
	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// kubectl runs builder's kubectl for one control plane.
type kubectl struct {
	program, kubeconfig, home string
}

func newKubectl(t *testing.T, cp *proxytest.ControlPlane) kubectl {
	t.Helper()
	program, err := kube.ProgramOf("cmd", "./builder")
	if err != nil {
		t.Fatal(err)
	}
	return kubectl{program, cp.Kubeconfig, t.TempDir()}
}

// run returns its output, of both streams.
func (k kubectl) run(ctx context.Context, args ...string) (string, error) {
	return k.input(ctx, "", args...)
}

// input runs it with standard input.
func (k kubectl) input(ctx context.Context, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, k.program, append([]string{"kubectl", "--kubeconfig", k.kubeconfig}, args...)...)
	cmd.Env = append(os.Environ(), "HOME="+k.home) // kubectl caches discovery
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("kubectl %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

func (k kubectl) must(t *testing.T, args ...string) string {
	t.Helper()
	return k.mustInput(t, "", args...)
}

func (k kubectl) mustInput(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	out, err := k.input(t.Context(), stdin, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// serviceAccount writes a kubeconfig with a token of a ServiceAccount, and returns its path.
func (k kubectl) serviceAccount(t *testing.T, namespace, name string) string {
	t.Helper()
	config, err := clientcmd.LoadFromFile(k.kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	token := strings.TrimSpace(k.must(t, "create", "token", name, "-n", namespace))
	for user := range config.AuthInfos {
		config.AuthInfos[user] = &clientcmdapi.AuthInfo{Token: token}
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
	return path
}
