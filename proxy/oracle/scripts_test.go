package oracle

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/apiserver-builder/builder/internal/sessions"
	"github.com/apiserver-builder/builder/proxy/oracle/kube"
	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// TestScripts runs scripts of builder's end-to-end tests behind kube-apiserver.
func TestScripts(t *testing.T) {
	root, err := kube.RootDir()
	if err != nil {
		t.Fatal(err)
	}
	for release, start := range map[string]func(testing.TB) *kube.Cluster{
		"1.37": func(t testing.TB) *kube.Cluster { return kube.Start(t) },
		"1.35": kube.Start135,
	} {
		for _, script := range []string{"shapes", "subresources", "visibility"} {
			t.Run(release+"/"+script, func(t *testing.T) {
				runScript(t, filepath.Join(root, "cmd/builder/internal/e2e/testdata", script+".txtar"), start(t).ControlPlane)
			})
		}
	}
}

// runScript runs a script with its project behind a control plane.
func runScript(t *testing.T, script string, cp *proxytest.ControlPlane) {
	t.Helper()
	compact(t, cp)
	kubectl := newKubectl(t, cp)
	bin := t.TempDir()
	if err := os.Symlink(kubectl.program, filepath.Join(bin, "builder")); err != nil {
		t.Fatal(err)
	}
	testscript.RunT(inline{t}, testscript.Params{
		Files:               []string{script},
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", bin+string(filepath.ListSeparator)+env.Getenv("PATH"))
			env.Setenv("HOME", env.WorkDir)
			for _, name := range []string{"GOMODCACHE", "GOCACHE", "GOPROXY", "GOSUMDB", "GOFLAGS", "GOTOOLCHAIN"} {
				value, err := exec.Command("go", "env", name).Output()
				if err != nil {
					return err
				}
				env.Setenv(name, strings.TrimSpace(string(value)))
			}
			return nil
		},
		Condition: func(condition string) (bool, error) { return condition == "kube", nil },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve": func(ts *testscript.TestScript, _ bool, _ []string) {
				ts.Check(ts.Exec("builder", "generate"))
				root, err := kube.RootDir()
				ts.Check(err)
				dir, err := filepath.Rel(root, ts.MkAbs("."))
				ts.Check(err)
				project := example{dir: dir, project: filepath.Base(dir)}
				project.apply(t, kubectl)
				project.serve(t, cp, kubectl)
				ts.Setenv("KUBECONFIG", cp.Kubeconfig)
				ts.Setenv("TEST_KUBECONFIG", cp.Kubeconfig)
			},
			"sessions": func(ts *testscript.TestScript, _ bool, args []string) {
				config, err := clientcmd.BuildConfigFromFlags("", cp.Kubeconfig)
				ts.Check(err)
				ts.Check(sessions.Test(t.Context(), config, args[0], ts.Logf))
			},
		},
	})
}

// inline runs scripts as part of a test, so that their commands can use the test.
type inline struct{ *testing.T }

// Run implements testscript.T.
func (t inline) Run(_ string, f func(testscript.T)) { f(t) }

// Parallel implements testscript.T.
func (inline) Parallel() {}

// Verbose implements testscript.T.
func (inline) Verbose() bool { return testing.Verbose() }
