// Package e2e runs the real programs like a user: builder, aggregation-proxy and the programs of a project that the scripts in testdata
// create.
package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// module is the module of the programs, in contrast to k8s.io/sample-apiserver.
const module = "github.com/apiserver-builder/builder"

func TestScripts(t *testing.T) {
	bin := t.TempDir()
	if output, err := exec.Command("go", "build", "-o", bin, module+"/cmd/...", "k8s.io/sample-apiserver").CombinedOutput(); err != nil {
		t.Fatalf("build of the programs: %v\n%s", err, output)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", bin+string(filepath.ListSeparator)+env.Getenv("PATH"))
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("AGGREGATION_PROXY", "")
			// The scripts use this machine's modules and build cache.
			for _, name := range []string{"GOMODCACHE", "GOCACHE", "GOPROXY", "GOSUMDB", "GOFLAGS", "GOTOOLCHAIN"} {
				value, err := exec.Command("go", "env", name).Output()
				if err != nil {
					return err
				}
				env.Setenv(name, strings.TrimSpace(string(value)))
			}
			// Not from the cache: tests run aggregation-proxy, which go test does not look at.
			env.Setenv("GOFLAGS", env.Getenv("GOFLAGS")+" -count=1")
			// Stop the processes that a failed script has left running.
			env.Defer(func() { stopAll(env) })
			return nil
		},
		Condition: func(condition string) (bool, error) {
			if condition != "kube" { // a control plane that proxy/oracle starts
				return false, fmt.Errorf("unknown condition %q", condition)
			}
			return false, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"eventually": eventually,
			"replace":    replace,
			"loopback":   loopback,
			"private":    private,
			"outlive":    outlive,
			"stored":     stored,
			"serve":      serve,
			"sessions":   testSessions,
		},
	})
}

// stopAll stops the projects in all folders of a script.
func stopAll(env *testscript.Env) {
	projects, _ := filepath.Glob(filepath.Join(env.WorkDir, "*", "PROJECT"))
	for _, name := range projects {
		cmd := exec.Command(filepath.Join(strings.SplitN(env.Getenv("PATH"), string(filepath.ListSeparator), 2)[0], "builder"), "stop")
		cmd.Dir, cmd.Env = filepath.Dir(name), append(os.Environ(), env.Vars...)
		if output, err := cmd.CombinedOutput(); err != nil {
			env.T().Log(string(output))
		}
	}
}
