package deploy_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"
)

// container is a container of a Pod, as a process.
type container struct {
	spec     corev1.Container
	process  *exec.Cmd
	ended    chan struct{}
	restarts int32
	ready    bool
}

// start runs the container in its root file system and in the network namespace of the Pod, as the Pod's user.
func (c *container) start(pod *corev1.Pod, n *network, root, log string) error {
	env, err := environment(pod, c.spec)
	if err != nil {
		return err
	}
	values := expansion.MappingFuncFor(env)
	var args []string
	for _, arg := range append(c.spec.Command[:len(c.spec.Command):len(c.spec.Command)], c.spec.Args...) {
		args = append(args, expansion.Expand(arg, values))
	}
	output, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer output.Close()
	user, group := identity(pod)
	cmd := &exec.Cmd{Path: args[0], Args: args, Dir: "/", Env: []string{}, Stdout: output, Stderr: output}
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Chroot: root, Pdeathsig: syscall.SIGKILL, Credential: &syscall.Credential{Uid: uint32(user), Gid: uint32(group)},
	}
	namespace, err := n.file()
	if err != nil {
		return err
	}
	defer namespace.Close()
	started, ended := make(chan error), make(chan struct{})
	go func() {
		// Processes start in the network namespace of the thread, and end with it. The thread ends with this function.
		runtime.LockOSThread()
		err := unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET)
		if err == nil {
			err = cmd.Start()
		}
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
		close(ended)
	}()
	c.process, c.ended = cmd, ended
	return <-started
}

// environment returns the environment variables of a container.
func environment(pod *corev1.Pod, spec corev1.Container) (map[string]string, error) {
	env := map[string]string{"KUBERNETES_SERVICE_HOST": kubernetesAddress, "KUBERNETES_SERVICE_PORT": "443", "PATH": "/usr/local/bin:/usr/bin:/bin"}
	for _, variable := range spec.Env {
		if env[variable.Name] = variable.Value; variable.ValueFrom == nil {
			continue
		}
		if variable.ValueFrom.FieldRef == nil {
			return nil, fmt.Errorf("environment variable %s: this source is not supported here", variable.Name)
		}
		value, err := field(pod, variable.ValueFrom.FieldRef)
		if err != nil {
			return nil, err
		}
		env[variable.Name] = value
	}
	return env, nil
}

// exited returns whether the process has ended.
func (c *container) exited() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// stop ends the process as the kubelet does.
func (c *container) stop(grace time.Duration) {
	_ = c.process.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.ended:
	case <-time.After(grace):
		_ = c.process.Process.Kill()
		<-c.ended
	}
}

// probe sends the request of a probe. It returns nil if there is no probe.
func probe(ctx context.Context, spec corev1.Container, p *corev1.Probe, address string) error {
	if p == nil {
		return nil
	}
	if p.HTTPGet == nil {
		return errors.New("this kind of probe is not supported here")
	}
	port := p.HTTPGet.Port.IntVal
	if p.HTTPGet.Port.Type == intstr.String {
		for _, declared := range spec.Ports {
			if declared.Name == p.HTTPGet.Port.StrVal {
				port = declared.ContainerPort
			}
		}
	}
	url := fmt.Sprintf("%s://%s:%d%s", strings.ToLower(string(p.HTTPGet.Scheme)), address, port, p.HTTPGet.Path)
	ctx, cancel := context.WithTimeout(ctx, time.Duration(p.TimeoutSeconds)*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true} //nolint:gosec // as the kubelet does
	response, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	return nil
}

// rootFileSystem copies the file system of an image. Only root may write to it.
func rootFileSystem(images, image, dir string) error {
	name, _, _ := strings.Cut(filepath.Base(image), ":")
	return os.CopyFS(dir, os.DirFS(filepath.Join(images, name)))
}
