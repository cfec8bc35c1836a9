// Package deploy_test deploys the examples to a cluster whose kube-apiserver, kube-controller-manager and etcd are the real ones. In place of
// nodes, it runs the containers of the Pods as processes, in network namespaces.
package deploy_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/apiserver-builder/builder/proxy/oracle/kube"
)

// insideVariable is set in the process whose network namespace is the cluster's network. Its value is the folder with the root file systems
// of the images.
const insideVariable = "DEPLOY_TEST_IMAGES"

// deployed are the examples that are deployed.
var deployed = []string{"fruit", "wardle"}

func TestMain(m *testing.M) {
	code, err := 0, error(nil)
	if os.Getenv(insideVariable) == "" {
		code, err = inside()
	} else if err = setUpNetwork(); err == nil {
		code = m.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// inside builds all programs, and runs this test binary again in a network namespace that contains only a loopback interface.
func inside() (code int, err error) {
	if os.Geteuid() != 0 {
		fmt.Println("skipped: only root may make the network namespaces that are the Pods' networks here")
		return 0, nil
	}
	if _, err := exec.LookPath("ip"); err != nil {
		fmt.Println("skipped: the command ip, of iproute2, makes the Pods' networks here")
		return 0, nil
	}
	images, err := os.MkdirTemp("", "deploy-test-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(images)) }()
	if err := buildImages(images); err != nil {
		return 0, err
	}
	cmd := exec.Command(os.Args[0], os.Args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), insideVariable+"="+images, "GOPROXY=off")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	var failed *exec.ExitError
	if err := cmd.Run(); errors.As(err, &failed) {
		return failed.ExitCode(), nil
	} else if err != nil {
		return 0, err
	}
	return 0, nil
}

// buildImages writes the root file system of each image to a folder. The images of the examples are those of "builder image".
func buildImages(dir string) error {
	root, err := kube.RootDir()
	if err != nil {
		return err
	}
	builder, err := kube.ProgramOf("cmd", "./builder")
	if err != nil {
		return err
	}
	for _, example := range deployed {
		tarball := filepath.Join(dir, example+".tar")
		image := exec.Command(builder, "image", "--tarball", tarball)
		image.Dir = filepath.Join(root, "examples", example)
		if out, err := image.CombinedOutput(); err != nil {
			return fmt.Errorf("builder image in examples/%s: %w\n%s", example, err, out)
		}
		if err := extract(tarball, filepath.Join(dir, example)); err != nil {
			return fmt.Errorf("%s: %w", tarball, err)
		}
	}
	etcd, err := kube.Program(kube.Etcd)
	if err != nil {
		return err
	}
	return install(etcd, filepath.Join(dir, "etcd"), "usr/local/bin/etcd")
}
