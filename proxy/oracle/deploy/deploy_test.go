package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/client-go/kubernetes"

	"github.com/apiserver-builder/builder/proxy/oracle/kube"
)

// podControllers are the controllers that create Pods and list their addresses.
var podControllers = []string{"deployment-controller", "replicaset-controller", "endpointslice-controller"}

// local are tests of the examples that work only if the apiserver or its etcd runs on the machine of the test: Pods cannot reach a webhook of the
// test, and nothing has compacted the etcd in the Pod.
const local = "^(TestFruitAppleWebhooks|TestBadWatch)$"

// TestDeploy deploys examples to one cluster after the other, runs their own tests there, and removes them.
func TestDeploy(t *testing.T) {
	for _, example := range deployed {
		t.Run(example, func(t *testing.T) {
			root, err := kube.RootDir()
			if err != nil {
				t.Fatal(err)
			}
			policy, log := filepath.Join(t.TempDir(), "policy.yaml"), filepath.Join(t.TempDir(), "audit.log")
			if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
				t.Fatal(err)
			}
			cluster := kube.StartAPIServer(t, "--enable-aggregator-routing", "--audit-policy-file", policy, "--audit-log-path", log)
			cluster.StartControllerManager(t, podControllers...)
			forwardKubernetes(t, strings.TrimPrefix(cluster.URL, "https://"))
			client, err := kubernetes.NewForConfig(cluster.Config(t))
			if err != nil {
				t.Fatal(err)
			}
			startNode(t, client, os.Getenv(insideVariable))

			project := filepath.Join(t.TempDir(), example)
			if err := os.CopyFS(project, os.DirFS(filepath.Join(root, "examples", example))); err != nil {
				t.Fatal(err)
			}
			run(t, project, cluster.Kubeconfig, "deploy", "--image", "example.com/"+example+":v1", "--timeout", "3m")
			test := exec.Command("go", "test", "-vet=off", "-count=1", "-skip", local, "./test")
			test.Dir, test.Env = filepath.Join(root, "examples", example), append(os.Environ(), "TEST_KUBECONFIG="+cluster.Kubeconfig, "GOWORK=off")
			if out, err := test.CombinedOutput(); err != nil {
				t.Errorf("the tests of the project: %v\n%s", err, out)
			}
			testRules(t, client, log)
			run(t, project, cluster.Kubeconfig, "undeploy", "--timeout", "2m")
		})
	}
}

// run runs a command of builder in a project.
func run(t *testing.T, dir, kubeconfig string, args ...string) {
	t.Helper()
	builder, err := kube.ProgramOf("cmd", "./builder")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(builder, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "KUBECONFIG="+kubeconfig)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("builder %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	t.Logf("builder %s: %s", strings.Join(args, " "), out)
}

// tail returns the end of a file.
func tail(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(content[max(0, len(content)-2000):])
}
