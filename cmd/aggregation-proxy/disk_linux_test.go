package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
)

// onSmallDisk starts a proxy whose data folder is a disk of its own, small, that only it sees.
func onSmallDisk(t *testing.T) (p *process, disk string) {
	t.Helper()
	dir := t.TempDir()
	cmd := proxyCommand()
	cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c",
		fmt.Sprintf(`mount -t tmpfs -o size=48m none %[1]q && exec %[2]q --data-dir %[1]q --exit-with-parent`, dir, os.Args[0])}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	p, err := launchCommand(cmd, dir)
	if err != nil && (errors.Is(err, syscall.EPERM) || strings.Contains(err.Error(), "mount:")) {
		t.Skipf("this system lets nobody mount anything: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.ProcessState == nil {
			p.Process.Kill()
			p.Wait()
		}
	})
	return p, filepath.Join("/proc", fmt.Sprint(p.Process.Pid), "root", dir)
}

// TestEndsWithEtcd fills the disk, and wants the proxy to stop and say why, instead of answering with errors for ever.
func TestEndsWithEtcd(t *testing.T) {
	t.Parallel()
	p, disk := onSmallDisk(t)
	config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(disk, "kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	maps := clientFor(t, config).CoreV1().ConfigMaps(metav1.NamespaceDefault)
	filler, err := os.Create(filepath.Join(disk, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer filler.Close()
	megabyte := make([]byte, 1<<20)
	for err == nil {
		_, err = filler.Write(megabyte)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	big := map[string]string{"big": strings.Repeat("x", 1<<19)}
	for i := range 100 {
		_, err := maps.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("big-%d", i)}, Data: big}, metav1.CreateOptions{})
		if err != nil {
			break
		}
	}
	began := time.Now()
	var exit *exec.ExitError
	if err := p.ended(); !errors.As(err, &exit) || exit.ExitCode() != exitFailure {
		t.Errorf("ended with %v, want exit code %d", err, exitFailure)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %s to end", took)
	}
	lines := strings.Split(strings.TrimSpace(p.stderr.String()), "\n")
	last := lines[len(lines)-1]
	if !strings.HasPrefix(last, "aggregation-proxy: etcd ended (") || !strings.Contains(last, "no space left on device") {
		t.Errorf("the last line on stderr is %q; all:\n%s", last, p.stderr)
	}
}
