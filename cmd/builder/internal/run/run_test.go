package run

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/apiserver-builder/builder/generators/project"
)

// TestRunFailures runs a module with two small programs, and the test binary instead of the proxy.
func TestRunFailures(t *testing.T) {
	main := "package main\n\nfunc main() {}\n"
	module := map[string]string{"go.mod": "module example.com/shop\n\ngo 1.26\n", "cmd/apiserver/main.go": main, "cmd/controller-manager/main.go": main}
	broken := map[string]string{"go.mod": module["go.mod"], "cmd/apiserver/main.go": "package main\n\nfunc main() { x }\n"}
	for _, c := range []struct {
		name, path, proxyMode string
		files                 map[string]string
		fails                 string
		says                  []string
	}{
		{
			"no go", "/does/not/exist", "", module,
			`"go" is not in PATH: install Go from https://go.dev/dl to build the project`,
			[]string{"[1/6] building cmd/apiserver and cmd/controller-manager"},
		},
		{
			"a build error", os.Getenv("PATH"), "", broken,
			"the project does not build (go build ./cmd/...: exit status 1): fix the errors above and run the command again",
			[]string{"cmd/apiserver/main.go:3:15: undefined: x"},
		},
		{
			"the proxy crashes", os.Getenv("PATH"), "crash", module,
			"the aggregation-proxy exited unexpectedly (exit status 3); all processes were stopped: see its log, ",
			[]string{"[2/6] starting the aggregation proxy", "the last lines of the aggregation-proxy:", "    first", "    second"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("PATH", c.path)
			t.Setenv("GOFLAGS", "")
			t.Setenv("GOWORK", "off")
			t.Setenv(modeVariable, c.proxyMode)
			var out, errOut bytes.Buffer
			dir := writeFiles(t, c.files)
			err := Run(t.Context(), Options{Dir: dir, Project: &project.Project{Name: "shop"}, Proxy: os.Args[0], Out: &out, Err: &errOut})
			if err == nil || !strings.HasPrefix(err.Error(), c.fails) {
				t.Errorf("got %v, want %s", err, c.fails)
			}
			for _, line := range c.says {
				if !strings.Contains(errOut.String(), line+"\n") {
					t.Errorf("does not say %q:\n%s", line, errOut.String())
				}
			}
			if out.Len() > 0 {
				t.Errorf("results: %q", out.String())
			}
			if pid, err := Running(t.Context(), dir); pid != 0 || err != nil {
				t.Errorf("still locked: %d, %v", pid, err)
			}
		})
	}
}

func TestRunTwice(t *testing.T) {
	dir := t.TempDir()
	startChild(t, "lock "+dir)
	var running *RunningError
	if err := Run(t.Context(), Options{Dir: dir, Project: &project.Project{}}); !errors.As(err, &running) {
		t.Errorf("got %v", err)
	}
}

func TestFresh(t *testing.T) {
	for _, fresh := range []bool{false, true} {
		dir := writeFiles(t, map[string]string{".builder/etcd/member": "", ".builder/pki/ca.key": "", ".builder/bin/apiserver": "", ".builder/run.lock": "1"})
		port, err := freePort(firstPort + 5)
		if err != nil {
			t.Fatal(err)
		}
		writeKubeconfig(t, dir, port)
		r := &runner{Options: Options{Dir: dir, Fresh: fresh}, state: filepath.Join(dir, stateDir)}
		if err := r.prepareState(); err != nil {
			t.Fatal(err)
		}
		if r.proxyPort != port {
			t.Errorf("fresh %v: port %d, want that of the last run, %d", fresh, r.proxyPort, port)
		}
		for path, kept := range map[string]bool{"etcd/member": !fresh, "pki/ca.key": !fresh, "kubeconfig": !fresh, "bin/apiserver": true, "run.lock": true, "logs": true, "pki": true} {
			if _, err := os.Stat(filepath.Join(r.state, path)); (err == nil) != kept {
				t.Errorf("fresh %v: %s: %v", fresh, path, err)
			}
		}
	}
}

func TestScreen(t *testing.T) {
	r := &runner{Options: Options{Dir: "/home/me/shop", Project: &project.Project{Name: "shop", Domain: "example.com"}}, proxyURL: "https://127.0.0.1:20000"}
	r.apiserver, r.controllerManager = &program{port: 20001}, &program{port: 20002}
	empty := `
shop is running:

  aggregation-proxy    https://127.0.0.1:20000   the aggregation layer, with etcd
  apiserver            https://127.0.0.1:20001   no API yet
  controller-manager   http://127.0.0.1:20002    /healthz and /readyz
  logs                 .builder/logs

It serves no kind yet. Next:

  builder create resource --group fruit --version v1alpha1 --kind Apple

Ctrl-C stops everything.

`
	if diff := cmp.Diff(empty, r.screen()); diff != "" {
		t.Error(diff)
	}
	r.Report = os.Stdout // as in the background
	r.Generate = func(context.Context, func(time.Duration)) (*project.Project, []string, error) { return nil, nil, nil }
	r.Project.Groups = []project.Group{{Name: "fruit"}, {Name: "shop", Kinds: []project.Kind{{Name: "Apple"}}}}
	r.apiServices = []*unstructured.Unstructured{{Object: map[string]any{"spec": map[string]any{"group": "shop.example.com", "version": "v1"}}}}
	want := `
shop is running:

  aggregation-proxy    https://127.0.0.1:20000   the aggregation layer, with etcd
  apiserver            https://127.0.0.1:20001   shop.example.com/v1
  controller-manager   http://127.0.0.1:20002    /healthz and /readyz
  logs                 .builder/logs

Next, in another terminal, in /home/me/shop:

  export KUBECONFIG=$PWD/.builder/kubeconfig
  kubectl apply -k config/samples && kubectl get apples

Without kubectl: builder kubectl get apples

When you save a change, builder generates, builds and restarts the project automatically.

"builder stop" stops everything.
`
	if diff := cmp.Diff(want, r.screen()); diff != "" {
		t.Error(diff)
	}
}
