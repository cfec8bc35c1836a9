package proxytest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"
)

const module = "github.com/apiserver-builder/builder"

// Start starts an aggregation-proxy with the arguments, in a temporary folder or that of --data-dir, and waits until it is ready.
// It runs the program in $AGGREGATION_PROXY, or builds one from the module's sources. It ends with the test.
func Start(t testing.TB, args ...string) *ControlPlane {
	t.Helper()
	dir := flagValue(args, "data-dir")
	if dir == "" {
		dir = filepath.Join(t.TempDir(), "data")
		args = append(args, "--data-dir", dir)
	}
	if flagValue(args, "secure-port") == "" {
		args = append(args, "--secure-port", strconv.Itoa(FreePort(t)))
	}
	if flagValue(args, "etcd-servers") == "" {
		args = append(args, "--unsafe-no-fsync")
	}
	cmd := exec.Command(program(t), append(args, "--exit-with-parent")...)
	stderr, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	cmd.Stderr = stderr
	url, ended, err := run(cmd)
	t.Cleanup(func() {
		if said, _ := os.ReadFile(stderr.Name()); t.Failed() && len(said) > 0 {
			t.Logf("aggregation-proxy's stderr:\n%s", said)
		}
	})
	if err != nil {
		t.Fatalf("start aggregation-proxy: %v", err)
	}
	pair := func(name string) KeyPair {
		return KeyPair{filepath.Join(dir, "pki", name+".crt"), filepath.Join(dir, "pki", name+".key")}
	}
	cp := &ControlPlane{
		Name: AggregationProxy, URL: url, Dir: dir, Kubeconfig: filepath.Join(dir, "kubeconfig"),
		ClientCA: pair("client-ca"), FrontProxyCA: pair("front-proxy-ca"), FrontProxyClient: pair("front-proxy-client"),
		Process: cmd.Process, ended: ended,
	}
	t.Cleanup(func() { cp.Stop(t) })
	return cp
}

// Stop stops a control plane that Start started, and waits for its end. It may already have ended.
func (cp *ControlPlane) Stop(t testing.TB) {
	t.Helper()
	if err := cp.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
	select {
	case <-cp.ended:
	case <-time.After(Patience):
		t.Errorf("aggregation-proxy did not end within %s of SIGTERM", Patience)
		_ = cp.Process.Kill()
		<-cp.ended
	}
}

// Kill kills a control plane that Start started.
func (cp *ControlPlane) Kill(t testing.TB) {
	t.Helper()
	if err := cp.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-cp.ended
}

// run starts the command and waits for the ready line, which contains the URL. The channel closes when the command ends.
func run(cmd *exec.Cmd) (url string, ended chan struct{}, err error) {
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	kill := time.AfterFunc(Patience, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	out := bufio.NewReader(stdout)
	line, _ := out.ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "ready: ")
	if !ok {
		return "", nil, fmt.Errorf("no ready line but %q: %w", line, cmd.Wait())
	}
	ended = make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait() // its exit status does not matter, because it was stopped or killed
	}()
	return url, ended, nil
}

// program returns the path of the aggregation-proxy to test. Building it again without changes takes a second or two.
func program(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("AGGREGATION_PROXY"); path != "" {
		return path
	}
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		t.Fatalf("find the sources of aggregation-proxy: %v", err)
	}
	root := strings.TrimSpace(string(out))
	path := filepath.Join(root, "bin", "aggregation-proxy.test")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	// go test runs packages in parallel, and each may build it.
	unlock, err := lockedfile.MutexAt(path + ".lock").Lock()
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	build := exec.Command("go", "build", "-buildvcs=false", "-o", path, "./cmd/aggregation-proxy")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build aggregation-proxy: %v\n%s", err, out)
	}
	return path
}

// flagValue returns the value of a flag in the arguments, in either syntax.
func flagValue(args []string, name string) string {
	for _, arg := range args {
		if value, ok := strings.CutPrefix(arg, "--"+name+"="); ok {
			return value
		}
	}
	if i := slices.Index(args, "--"+name); i >= 0 && i+1 < len(args) {
		return args[i+1]
	}
	return ""
}

// FreePort returns a free port on loopback. It is below the ports for outgoing connections, so it stays free until a process
// listens on it, even after a restart.
func FreePort(t testing.TB) int {
	t.Helper()
	l := listen(t, "127.0.0.1")
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// listen listens on a port like FreePort's.
func listen(t testing.TB, ip string) net.Listener {
	t.Helper()
	const first, last, tries = 12000, 32000, 100
	var err error
	for range tries {
		var l net.Listener
		port := first + rand.IntN(last-first)
		if l, err = net.Listen("tcp", net.JoinHostPort(ip, strconv.Itoa(port))); err == nil {
			return l
		}
	}
	t.Fatalf("no free port: %v", err)
	return nil
}
