// Package kube runs the real kube-apiserver, kube-controller-manager and etcd for tests, as a control plane on loopback. It builds
// them from this module's requirements.
package kube

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/lockedfile"
)

const builderModule = "github.com/apiserver-builder/builder"

// The programs of this module's tool lines, by the names that go build gives them.
const (
	apiServerProgram         = "kube-apiserver"
	controllerManagerProgram = "kube-controller-manager"
	// Etcd is the name of etcd's program.
	Etcd = "server"
	// SampleAPIServer is the name of k8s.io/sample-apiserver's program.
	SampleAPIServer = "sample-apiserver"
)

// kubernetesModule is the module with the version for the linker flags of Kubernetes' own build.
const kubernetesModule = "k8s.io/kubernetes"

// buildAll builds all programs, once in each test process. Without changes, this takes a second.
var buildAll = sync.OnceValues(func() (string, error) { return build("proxy/oracle", "oracle") })

// build135 builds kube-apiserver of Kubernetes 1.35, which has a separate module.
var build135 = sync.OnceValues(func() (string, error) { return build("proxy/oracle/kube135", "oracle-1.35") })

// build builds the programs of a module, a path relative to this repository's root, into a folder of bin.
func build(module, name string) (dir string, err error) {
	root, err := RootDir()
	if err != nil {
		return "", err
	}
	module = filepath.Join(root, module)
	release, err := goList(module, "{{.Version}}", kubernetesModule)
	if err != nil {
		return "", err
	}
	dir = filepath.Join(root, "bin", name) + string(filepath.Separator)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	// go test runs packages in parallel, and each may build the programs.
	unlock, err := lockedfile.MutexAt(filepath.Join(root, "bin", name+".lock")).Lock()
	if err != nil {
		return "", err
	}
	defer unlock()
	return dir, goRun(module, "build", "-buildvcs=false", "-ldflags", stamps(release), "-o", dir, "tool")
}

// stamps returns the linker flags that set the release in Kubernetes' programs. Official releases also set a commit and a date.
func stamps(release string) string {
	minor := strings.Split(release, ".")[1]
	var flags []string
	for _, stamp := range []string{"gitVersion=" + release, "gitMajor=1", "gitMinor=" + minor, "gitCommit="} {
		flags = append(flags, "-X", "k8s.io/component-base/version."+stamp)
	}
	return strings.Join(flags, " ")
}

// Program builds one of this module's programs if necessary, and returns its path.
func Program(name string) (string, error) {
	dir, err := buildAll()
	return filepath.Join(dir, name), err
}

// ProgramOf builds package pkg of the module in a folder, which is relative to this repository's root, and returns the path of the
// program.
func ProgramOf(module, pkg string) (string, error) {
	root, err := RootDir()
	if err != nil {
		return "", err
	}
	program := filepath.Join(root, "bin", "oracle", filepath.Base(module)+"-"+filepath.Base(pkg))
	return program, goRun(filepath.Join(root, module), "build", "-buildvcs=false", "-o", program, pkg)
}

// RootDir returns this repository's root.
func RootDir() (string, error) { return goList("", "{{.Dir}}", builderModule) }

func goList(dir, format, module string) (string, error) {
	cmd := exec.Command("go", "list", "-m", "-f", format, module)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("look up module %s: %w", module, err)
	}
	return strings.TrimSpace(string(out)), nil
}

func goRun(dir string, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}
