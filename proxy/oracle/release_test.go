package oracle

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apiserver-builder/builder/proxy/oracle/kube"
	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// notServed lists the resources that the libraries of 1.37 read, and that 1.35 does not serve.
const notServed = "MutatingAdmissionPolicy: the cluster does not serve mutatingadmissionpolicies in admissionregistration.k8s.io/v1"

// TestKubernetes135 runs the suite of examples/fruit behind kube-apiserver 1.35. The server must name the policies that it cannot
// enforce there, because of the release or a missing permission, and enforce them when the permission is granted.
func TestKubernetes135(t *testing.T) {
	cluster := kube.Start135(t).ControlPlane
	compact(t, cluster)
	kubectl, fruit := newKubectl(t, cluster), examples[0]
	fruit.apply(t, kubectl)
	// Without the policies, their bindings are useless.
	kubectl.must(t, "patch", "clusterrole", "shop-apiserver", "--type=json", "-p",
		`[{"op":"test","path":"/rules/2/resources/3","value":"validatingadmissionpolicies"},{"op":"remove","path":"/rules/2/resources/3"}]`)
	server := fruit.serve(t, cluster, kubectl)

	const noRight = "ValidatingAdmissionPolicy: this server has no permission to list validatingadmissionpolicies.admissionregistration.k8s.io: " +
		"grant it in ClusterRole shop-apiserver"
	server.wantReady(t, "[+]admission, not enforced: "+notServed+"; "+noRight+" ok\n")
	server.wantMetrics(t, "MutatingAdmissionPolicy", "ValidatingAdmissionPolicy")
	server.wantLog(t, strings.Replace(notServed, ":", " is not enforced:", 1), strings.Replace(noRight, ":", " is not enforced:", 1))

	kubectl.must(t, "apply", "-f", filepath.Join(fruit.config(t), "rbac", "apiserver.yaml"))
	server.wantReady(t, "[+]admission, not enforced: "+notServed+" ok\n")
	server.wantMetrics(t, "MutatingAdmissionPolicy")
	sample := filepath.Join(fruit.config(t), "samples", "fruit_v1beta1_apple.yaml")
	testDenied(t, kubectl, sample)
	testUnreadableParameters(t, kubectl, sample)

	fruit.control(t, kubectl)
	results := fruit.test(t, "TEST_KUBECONFIG="+cluster.Kubeconfig)
	t.Logf("%d tests passed; skipped were %q", len(results.with("pass")), results.with("skip"))
	if len(results.with("pass")) == 0 {
		t.Error("no test has passed")
	}
}

// policyManifest returns a ValidatingAdmissionPolicy on apples with its binding.
const policyManifest = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: %[1]s}
spec:
  %[2]s
  matchConstraints:
    resourceRules: [{apiGroups: [fruit.example.com], apiVersions: ["*"], operations: [CREATE], resources: [apples]}]
  validations: [{expression: "%[3]s", message: denied by a test}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: %[1]s}
spec:
  policyName: %[1]s
  validationActions: [Deny]
  %[4]s
`

// testDenied checks that a policy is enforced.
func testDenied(t *testing.T, kubectl kubectl, sample string) {
	t.Helper()
	manifest := fmt.Sprintf(policyManifest, "deny", "", "false", "")
	kubectl.mustInput(t, manifest, "apply", "-f", "-")
	proxytest.Eventually(t, "a policy that denies", proxytest.Patience, func(ctx context.Context) error {
		return wantError(kubectl.create(ctx, sample), "denied by a test")
	})
	kubectl.mustInput(t, manifest, "delete", "-f", "-")
}

// testUnreadableParameters checks that the error names the missing permission when the server cannot read a policy's parameters,
// and that the policy is enforced when the server has the permission.
func testUnreadableParameters(t *testing.T, kubectl kubectl, sample string) {
	t.Helper()
	manifest := fmt.Sprintf(policyManifest, "parameters", "paramKind: {apiVersion: v1, kind: ConfigMap}", "params.data.allowed == 'yes'",
		"paramRef: {name: limits, namespace: default, parameterNotFoundAction: Deny}")
	kubectl.must(t, "create", "configmap", "limits", "-n", "default", "--from-literal=allowed=no")
	kubectl.mustInput(t, manifest, "apply", "-f", "-")
	proxytest.Eventually(t, "the error of a policy whose parameters cannot be read", proxytest.Patience, func(ctx context.Context) error {
		return wantError(kubectl.create(ctx, sample), "grant get, list and watch on the resource of this paramKind in ClusterRole shop-apiserver")
	})
	kubectl.must(t, "create", "clusterrole", "parameters", "--verb=list,watch", "--resource=configmaps")
	kubectl.must(t, "create", "clusterrolebinding", "parameters", "--clusterrole=parameters", "--serviceaccount=shop-system:shop-apiserver")
	proxytest.Eventually(t, "the policy with its parameters", 2*time.Minute, func(ctx context.Context) error {
		return wantError(kubectl.create(ctx, sample), "denied by a test")
	})
	kubectl.mustInput(t, manifest, "delete", "-f", "-")
	proxytest.Eventually(t, "the end of the policy", proxytest.Patience, func(ctx context.Context) error { return kubectl.create(ctx, sample) })
}

// create creates the object in a file, as a dry run.
func (k kubectl) create(ctx context.Context, file string) error {
	_, err := k.run(ctx, "create", "--dry-run=server", "-f", file)
	return err
}

func wantError(err error, text string) error {
	if err == nil || !strings.Contains(err.Error(), text) {
		return fmt.Errorf("want an error with %q, got %v", text, err)
	}
	return nil
}

// served is an example's apiserver that serves on this machine.
type served struct {
	url, log string
	client   *http.Client // an administrator's
}

func (s served) get(path string) (string, error) {
	response, err := s.client.Get(s.url + path)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s: %s", path, response.Status, body)
	}
	return string(body), err
}

// wantReady checks for a line in /readyz?verbose.
func (s served) wantReady(t *testing.T, line string) {
	t.Helper()
	proxytest.Eventually(t, "the readiness of admission", proxytest.Patience, func(context.Context) error {
		got, err := s.get("/readyz?verbose")
		if err == nil && !strings.Contains(got, line) {
			err = fmt.Errorf("want %q in %s", line, got)
		}
		return err
	})
}

// wantMetrics checks that the metric is 1 for exactly these plugins.
func (s served) wantMetrics(t *testing.T, plugins ...string) {
	t.Helper()
	metrics, err := s.get("/metrics")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(metrics, "\nextension_apiserver_not_enforced{"); got != 7 {
		t.Errorf("the metric is there for %d plugins, want 7", got)
	}
	var got []string
	for line := range strings.Lines(metrics) {
		if name, ok := strings.CutPrefix(line, `extension_apiserver_not_enforced{plugin="`); ok {
			if name, ok = strings.CutSuffix(name, "\"} 1\n"); ok {
				got = append(got, name)
			}
		}
	}
	if strings.Join(got, " ") != strings.Join(plugins, " ") {
		t.Errorf("the metric says that %q are not enforced, want %q", got, plugins)
	}
}

// wantLog checks for warnings in the log.
func (s served) wantLog(t *testing.T, warnings ...string) {
	t.Helper()
	log, err := os.ReadFile(s.log)
	if err != nil {
		t.Fatal(err)
	}
	for _, warning := range warnings {
		if !strings.Contains(string(log), warning) {
			t.Errorf("the log lacks %q", warning)
		}
	}
}
