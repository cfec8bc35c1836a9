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
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// variable is a reference to an environment variable in an argument.
var variable = regexp.MustCompile(`\$\([-._a-zA-Z][-._a-zA-Z0-9]*\)`)

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
	args := slices.Concat(c.spec.Command, c.spec.Args)
	for i, arg := range args {
		args[i] = variable.ReplaceAllStringFunc(arg, func(reference string) string {
			value, ok := env[reference[2:len(reference)-1]]
			if !ok {
				return reference // as the kubelet does
			}
			return value
		})
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
	for _, v := range spec.Env {
		if env[v.Name] = v.Value; v.ValueFrom == nil {
			continue
		}
		if v.ValueFrom.FieldRef == nil {
			return nil, fmt.Errorf("environment variable %s: this source is not supported here", v.Name)
		}
		value, err := field(pod, v.ValueFrom.FieldRef)
		if err != nil {
			return nil, err
		}
		env[v.Name] = value
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
