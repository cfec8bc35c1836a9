package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

// refused runs a command line that fails before the proxy serves, and returns its exit code and standard error.
func refused(t *testing.T, args ...string) (int, string) {
	t.Helper()
	cmd := proxyCommand(append(args, "--exit-with-parent")...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	kill := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer kill.Stop()
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("ended with %v, want an exit code; stdout: %s", err, &stdout)
	}
	if stdout.Len() > 0 {
		t.Errorf("stdout of a failure: %s", &stdout)
	}
	if n := strings.Count(stderr.String(), "\n"); n != 1 {
		t.Errorf("%d lines on stderr, want one sentence:\n%s", n, &stderr)
	}
	return exit.ExitCode(), stderr.String()
}

func TestWrongUsage(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, want string
		args       []string
	}{
		{"no data directory", "--data-dir is required", nil},
		{"unknown flag", "unknown flag: --bogus", []string{"--data-dir", "d", "--bogus"}},
		{"argument", `unexpected argument "serve"`, []string{"--data-dir", "d", "serve"}},
		{"port that is none", "--secure-port 70000", []string{"--data-dir", "d", "--secure-port", "70000"}},
		{"port that is no number", `"--secure-port"`, []string{"--data-dir", "d", "--secure-port", "https"}},
		{"host name to bind to", `--bind-address "localhost"`, []string{"--data-dir", "d", "--bind-address", "localhost"}},
		{"etcd without scheme", `--etcd-servers "127.0.0.1:2379"`, []string{"--data-dir", "d", "--etcd-servers", "127.0.0.1:2379"}},
		{"etcd certificates for the embedded one", "go with --etcd-servers", []string{"--data-dir", "d", "--etcd-cafile", "ca.crt"}},
		{"half a key pair", "--etcd-certfile and --etcd-keyfile", []string{"--data-dir", "d", "--etcd-servers", "https://127.0.0.1:1", "--etcd-certfile", "c.crt"}},
		{"no-fsync for an external etcd", "--unsafe-no-fsync", []string{"--data-dir", "d", "--etcd-servers", "https://127.0.0.1:1", "--unsafe-no-fsync"}},
		{"negative verbosity", "-v", []string{"--data-dir", "d", "-v", "-1"}},
		{"log format there is not", `--logging-format "yaml"`, []string{"--data-dir", "d", "--logging-format", "yaml"}},
		{"certificates that end too soon", "--certificate-validity 5s", []string{"--data-dir", "d", "--certificate-validity", "5s"}},
		{"negative discovery timeout", "--discovery-timeout -1s", []string{"--data-dir", "d", "--discovery-timeout", "-1s"}},
		{"negative shutdown delay", "--shutdown-delay-duration", []string{"--data-dir", "d", "--shutdown-delay-duration", "-1s"}},
		{"audit log of nothing", "--audit-log-path goes with --audit-policy-file", []string{"--data-dir", "d", "--audit-log-path", "-"}},
		{"audit events to nowhere", "--audit-policy-file goes with --audit-log-path", []string{"--data-dir", "d", "--audit-policy-file", "p.yaml"}},
		{"audit format there is not", "invalid audit log format xml", []string{"--data-dir", "d", "--audit-policy-file", "p.yaml", "--audit-log-path", "-", "--audit-log-format", "xml"}},
		{"negative age of audit logs", "--audit-log-maxage -1", []string{"--data-dir", "d", "--audit-policy-file", "p.yaml", "--audit-log-path", "-", "--audit-log-maxage", "-1"}},
		{"admission plugin there is not", `"Bogus" is unknown`, []string{"--data-dir", "d", "--enable-admission-plugins", "Bogus"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			code, said := refused(t, test.args...)
			if code != exitUsage || !strings.Contains(said, test.want) {
				t.Errorf("exit %d, %q; want %d and %q", code, said, exitUsage, test.want)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	damaged := filepath.Join(t.TempDir(), "damaged")
	if err := os.MkdirAll(filepath.Join(damaged, "pki"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"client-ca.crt", "client-ca.key"} {
		if err := os.WriteFile(filepath.Join(damaged, "pki", name), []byte("?"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name, want string
		args       []string
	}{
		{"port in use", "port " + port + " on 127.0.0.1 is in use", []string{"--data-dir", t.TempDir(), "--secure-port", port}},
		{"data directory that is a file", file, []string{"--data-dir", file}},
		{"data directory of another", "in use by another aggregation-proxy (process " + strconv.Itoa(shared.Process.Pid) + ")", []string{"--data-dir", shared.dir}},
		{"damaged authority", "client-ca.crt", []string{"--data-dir", damaged}},
		{"audit policy that is none", file, []string{"--data-dir", t.TempDir(), "--audit-policy-file", file, "--audit-log-path", "-"}},
		{"feature gate there is not", "--feature-gates: unrecognized feature gate: Bogus", []string{"--data-dir", t.TempDir(), "--feature-gates", "Bogus=true"}},
		{"external etcd that does not answer", "no answer from etcd at http://127.0.0.1:" + port, []string{"--data-dir", t.TempDir(), "--etcd-servers", "http://127.0.0.1:" + port}},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, said := refused(t, test.args...)
			if code != exitFailure || !strings.Contains(said, test.want) {
				t.Errorf("exit %d, %q; want %d and %q", code, said, exitFailure, test.want)
			}
		})
	}
}

func TestHelpAndVersion(t *testing.T) {
	t.Parallel()
	for flag, want := range map[string]string{
		"--help":    "--exit-with-parent",
		"--version": "Kubernetes v1.",
	} {
		out, err := proxyCommand(flag).Output()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v, %q; want %q", flag, err, out, want)
		}
		if strings.Contains(string(out), "--log-") {
			t.Errorf("%s shows flags of the packages linked in:\n%s", flag, out)
		}
	}
}

// TestInterruptEndsInOrder checks that the proxy ends quickly after an interrupt, with a watch and an unfinished request.
func TestInterruptEndsInOrder(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir())
	maps := p.client(t).CoreV1().ConfigMaps(metav1.NamespaceDefault)
	watch, err := maps.Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer watch.Stop()
	client, err := rest.HTTPClientFor(p.config(t))
	if err != nil {
		t.Fatal(err)
	}
	body, never := io.Pipe()
	defer never.Close()
	sent := make(chan struct{})
	go func() {
		never.Write([]byte("{"))
		close(sent)
	}()
	go client.Post(p.url+"/api/v1/namespaces/default/configmaps", "application/json", body)
	<-sent

	began := time.Now()
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := p.ended(); err != nil {
		t.Error(err)
	}
	p.saidNothing(t)
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %s to end", took)
	} else {
		t.Logf("ended in %s", took.Round(time.Millisecond))
	}
}

// TestExitWithParent starts the proxy from a shell, and kills the shell.
func TestExitWithParent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script := fmt.Sprintf("%q --data-dir %q --exit-with-parent --unsafe-no-fsync & echo $!; wait", os.Args[0], dir)
	shell := exec.Command("sh", "-c", script)
	shell.Env = append(os.Environ(), asProxy+"=1")
	out, err := shell.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	var ready, url string
	if _, err := fmt.Fscan(out, &pid, &ready, &url); err != nil {
		t.Fatal(err)
	}
	shell.Process.Kill()
	orphan, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); orphan.Signal(syscall.Signal(0)) == nil; time.Sleep(20 * time.Millisecond) {
		if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil && strings.Contains(string(stat), ") Z ") {
			break // ended, but its parent has not waited for it
		}
		if time.Now().After(deadline) {
			orphan.Kill()
			t.Fatal("the proxy outlived its parent")
		}
	}
	shell.Wait()
}
