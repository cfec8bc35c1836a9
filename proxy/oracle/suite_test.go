package oracle

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/apiserver-builder/builder/proxy/oracle/kube"
	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// inProcess lists the tests that connect to the apiserver directly. They run only where the tests start it.
var inProcess = []string{"TestStrangers", "TestDenied/directly", "TestVersion"}

// TestSuite runs each example's own tests behind both control planes. The same tests must pass.
func TestSuite(t *testing.T) {
	proxy, err := kube.ProgramOf("cmd", "./aggregation-proxy")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range examples {
		t.Run(filepath.Base(e.dir), func(t *testing.T) {
			cluster := kube.Start(t).ControlPlane
			compact(t, cluster)
			e.start(t, cluster, newKubectl(t, cluster))
			var stock, ours results
			var both sync.WaitGroup
			both.Go(func() { stock = e.test(t, "TEST_KUBECONFIG="+cluster.Kubeconfig) })
			both.Go(func() { ours = e.test(t, "TEST_KUBECONFIG=", "AGGREGATION_PROXY="+proxy) })
			both.Wait()
			if t.Failed() {
				return
			}
			for _, name := range inProcess {
				if _, ok := ours[name]; !ok { // TestVersion tests a single example
					continue
				}
				if got := []string{ours[name], stock[name]}; !cmp.Equal(got, []string{"pass", "skip"}) {
					t.Errorf("%s: %s behind %s and %s behind %s, want it to pass and to be skipped",
						name, got[0], proxytest.AggregationProxy, got[1], proxytest.KubeAPIServer)
				}
				ours.remove(name)
				stock.remove(name)
			}
			if diff := cmp.Diff(stock, ours); diff != "" {
				t.Errorf("tests by result (-%s +%s):\n%s", proxytest.KubeAPIServer, proxytest.AggregationProxy, diff)
			}
			passed := ours.with("pass")
			t.Logf("%d of %d tests passed behind both; for reasons of their own, these were skipped: %q", len(passed), len(ours), ours.with("skip"))
			if len(passed) == 0 {
				t.Error("no test has passed")
			}
		})
	}
}

// results contains the result of each test by name: pass, fail or skip.
type results map[string]string

// remove removes a test with its subtests.
func (r results) remove(test string) {
	for name := range r {
		if name == test || strings.HasPrefix(name, test+"/") {
			delete(r, name)
		}
	}
}

// with returns the names of the tests with a result.
func (r results) with(result string) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(r)) {
		if r[name] == result {
			names = append(names, name)
		}
	}
	return names
}

// test runs the example's API tests in an environment.
func (e example) test(t *testing.T, env ...string) results {
	t.Helper()
	root, err := kube.RootDir()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "test", "-json", "-count=1", "./test")
	cmd.Dir = filepath.Join(root, e.dir)
	cmd.Env = append(os.Environ(), append(env, "GOWORK=off")...)
	out, err := cmd.Output()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	got, output := results{}, map[string]string{}
	for events := json.NewDecoder(bytes.NewReader(out)); ; {
		var event struct{ Action, Test, Output string }
		if err := events.Decode(&event); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in %s", err, out)
		}
		switch event.Action {
		case "output":
			output[event.Test] += event.Output
		case "pass", "skip", "fail":
			if event.Test != "" {
				got[event.Test] = event.Action
			}
			if event.Action == "fail" {
				t.Errorf("%s: go test ./test in %s: %s", env[0], e.dir, output[event.Test])
			}
		}
	}
	if failed != nil && !t.Failed() {
		t.Errorf("%s: go test ./test in %s: %v\n%s%s", env[0], e.dir, failed, failed.Stderr, out)
	}
	return got
}
