package kubectl

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/component-base/version"

	"github.com/apiserver-builder/builder/cmd/builder/internal/run"
)

// project returns a folder with the kubeconfig of a project that has been run.
func project(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Dir(run.Kubeconfig(dir)), 0o700); err != nil {
		t.Fatal(err)
	}
	kubeconfig := `apiVersion: v1
kind: Config
current-context: shop
clusters: [{name: shop, cluster: {server: https://127.0.0.1:1}}]
contexts: [{name: shop, context: {cluster: shop, user: admin}}]
users: [{name: admin, user: {}}]
`
	if err := os.WriteFile(run.Kubeconfig(dir), []byte(kubeconfig), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestRun(t *testing.T) {
	dir := project(t)
	notRunning := "the project in " + dir + ` is not running: start it with "builder run"`
	for _, c := range []struct {
		name     string
		args     []string
		code     int // of an ExitError
		fails    string
		out, err string // parts of the output
	}{
		{"not running", []string{"get", "apples"}, 0, notRunning, "", ""},
		{"not running, flags first", []string{"-n", "default", "get", "apples"}, 0, notRunning, "", ""},
		{"not running, version of the server", []string{"version"}, 0, notRunning, "", ""},
		{"another kubeconfig", []string{"get", "apples", "--kubeconfig=/does/not/exist"}, 1, "", "", "/does/not/exist: no such file or directory"},
		{"a flag of the command in a container", []string{"exec", "pod", "--", "it", "--kubeconfig=x", "--help"}, 0, notRunning, "", ""},
		{"none", nil, 0, "", "kubectl controls the Kubernetes cluster manager", ""},
		{"help", []string{"get", "--help"}, 0, "", "Display one or many resources", ""},
		{"version", []string{"version", "--client"}, 0, "", "Client Version: ", ""},
		{"the project's kubeconfig", []string{"config", "view"}, 0, "", "server: https://127.0.0.1:1", ""},
		{"unknown command", []string{"gte"}, 1, "", "", `unknown command "gte" for "kubectl"`},
		{"unknown flag", []string{"config", "view", "--frob"}, 1, "", "", "unknown flag: --frob"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("HOME", t.TempDir())
			t.Setenv("KUBECONFIG", "/does/not/exist")
			var out, errOut bytes.Buffer
			err := Run(t.Context(), func() (string, error) { return dir, nil }, c.args, genericclioptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errOut})
			var exit *ExitError
			switch {
			case c.code != 0:
				if !errors.As(err, &exit) || exit.Code != c.code {
					t.Errorf("error %v, want exit code %d", err, c.code)
				}
			case c.fails != "":
				if err == nil || err.Error() != c.fails {
					t.Errorf("error %v, want %s", err, c.fails)
				}
			case err != nil:
				t.Errorf("error %v", err)
			}
			if !strings.Contains(out.String(), c.out) || !strings.Contains(errOut.String(), c.err) {
				t.Errorf("out %q, want %q; err %q, want %q", out.String(), c.out, errOut.String(), c.err)
			}
		})
	}
}

func TestSetVersion(t *testing.T) {
	setVersion(&debug.BuildInfo{Deps: []*debug.Module{{Path: "k8s.io/api", Version: "v0.1.0"}, {Path: "k8s.io/kubectl", Version: "v0.37.1"}}})
	if got := version.Get().GitVersion; got != "v1.37.1" {
		t.Errorf("got %s", got)
	}
}
