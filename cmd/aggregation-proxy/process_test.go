package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// asProxy is an environment variable that makes the test binary run as the command, so that tests run the code they were built
// with.
const asProxy = "AGGREGATION_PROXY_TEST_AS_COMMAND"

// patience limits waits in tests.
const patience = proxytest.Patience

// shared is the proxy of all tests that only send requests to one.
var shared *process

func TestMain(m *testing.M) {
	if os.Getenv(asProxy) != "" {
		main()
		return
	}
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "aggregation-proxy-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if shared, err = launch(filepath.Join(dir, "data"), "--unsafe-no-fsync"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Printf("first start: ready in %s\n", shared.readyIn.Round(time.Millisecond))
	code := m.Run()
	if err := shared.stop(); err != nil {
		fmt.Fprintf(os.Stderr, "%v; stderr: %s\n", err, shared.stderr)
		return 1
	}
	return code
}

// process is a running aggregation-proxy.
type process struct {
	*exec.Cmd
	dir, url string
	readyIn  time.Duration
	stderr   *bytes.Buffer // complete, and safe to read, after the end
	rest     chan string   // the text on stdout after the ready line, at the end
}

// proxyCommand returns the command of an aggregation-proxy.
func proxyCommand(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProxy+"=1")
	return cmd
}

// launch starts a proxy with the data in dir, and returns after its ready line.
func launch(dir string, args ...string) (*process, error) {
	return launchCommand(proxyCommand(append([]string{"--data-dir", dir, "--exit-with-parent"}, args...)...), dir)
}

func launchCommand(cmd *exec.Cmd, dir string) (*process, error) {
	p := &process{Cmd: cmd, dir: dir, stderr: &bytes.Buffer{}, rest: make(chan string, 1)}
	p.Stderr = p.stderr
	stdout, err := p.StdoutPipe()
	if err != nil {
		return nil, err
	}
	started := time.Now()
	if err := p.Start(); err != nil {
		return nil, err
	}
	kill := time.AfterFunc(patience, func() { p.Process.Kill() })
	defer kill.Stop()
	out := bufio.NewReader(stdout)
	line, _ := out.ReadString('\n')
	p.readyIn = time.Since(started)
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "ready: ")
	if !ok {
		return nil, fmt.Errorf("no ready line but %q; %w; stderr: %s", line, p.Wait(), p.stderr)
	}
	p.url = url
	go func() {
		more, _ := io.ReadAll(out)
		p.rest <- string(more)
	}()
	return p, nil
}

// start starts a proxy, like launch, that ends with the test.
func start(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	p, err := launch(dir, append(args, "--unsafe-no-fsync")...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.ProcessState == nil {
			p.Process.Kill()
			p.Wait()
		}
	})
	return p
}

// stop stops the proxy as a supervisor would, and returns an error if it did not end well.
func (p *process) stop() error {
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.ended()
}

func (p *process) ended() error {
	kill := time.AfterFunc(patience, func() { p.Process.Kill() })
	defer kill.Stop()
	rest := <-p.rest // before Wait, which closes the pipe
	var errs []error
	if err := p.Wait(); err != nil {
		errs = append(errs, err)
	}
	if rest != "" {
		errs = append(errs, fmt.Errorf("stdout after the ready line: %q", rest))
	}
	return errors.Join(errs...)
}

// stopQuietly stops the proxy, and checks that it has written nothing to stderr.
func (p *process) stopQuietly(t *testing.T) {
	t.Helper()
	if err := p.stop(); err != nil {
		t.Error(err)
	}
	p.saidNothing(t)
}

// saidNothing checks that stderr is empty, except for warnings of etcd's client about unfinished requests at the end, which no
// setting disables.
func (p *process) saidNothing(t *testing.T) {
	t.Helper()
	for line := range strings.Lines(p.stderr.String()) {
		if !strings.Contains(line, `"logger":"etcd-client"`) {
			t.Errorf("stderr: %s", line)
		}
	}
}

// config returns a cluster-admin's configuration, from the kubeconfig.
func (p *process) config(t *testing.T) *rest.Config {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(p.dir, "kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1
	return config
}

func (p *process) client(t *testing.T) *kubernetes.Clientset {
	t.Helper()
	return clientFor(t, p.config(t))
}

func clientFor(t *testing.T, config *rest.Config) *kubernetes.Clientset {
	t.Helper()
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// eventually waits until done succeeds.
func eventually(t *testing.T, what string, done func(context.Context) error) {
	t.Helper()
	proxytest.Eventually(t, what, patience, done)
}
