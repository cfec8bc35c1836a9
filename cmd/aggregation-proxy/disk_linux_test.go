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

// onDisk returns the command of a proxy whose data folder is a separate disk of the given size, which only the proxy sees.
func onDisk(dir, size string) *exec.Cmd {
	cmd := proxyCommand()
	cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c",
		fmt.Sprintf(`mount -t tmpfs -o size=%[3]s none %[1]q && exec %[2]q --data-dir %[1]q --exit-with-parent`, dir, os.Args[0], size)}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	return cmd
}

// skipIfNoMounts skips the test if err reports that mounts are not allowed.
func skipIfNoMounts(t *testing.T, err error) {
	t.Helper()
	if err != nil && (errors.Is(err, syscall.EPERM) || strings.Contains(err.Error(), "mount:")) {
		t.Skipf("this system lets nobody mount anything: %v", err)
	}
}

// onSmallDisk starts a proxy on a small disk.
func onSmallDisk(t *testing.T) (p *process, disk string) {
	t.Helper()
	dir := t.TempDir()
	p, err := launchCommand(onDisk(dir, "48m"), dir)
	skipIfNoMounts(t, err)
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

// TestFullDiskIsNamedAtStart checks that the proxy reports a full disk at once, whereas etcd would wait for space.
func TestFullDiskIsNamedAtStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	began := time.Now()
	_, err := launchCommand(onDisk(dir, "12m"), dir)
	skipIfNoMounts(t, err)
	want := "stderr: aggregation-proxy: the disk of " + dir + " is full (12"
	if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "free some space on it") {
		t.Errorf("got %v, want %s...", err, want)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("took %s", took)
	}
}

func freeMegabytes(t *testing.T, disk string) uint64 {
	t.Helper()
	var stat syscall.Statfs_t
	if err := syscall.Statfs(disk, &stat); err != nil {
		t.Fatal(err)
	}
	return stat.Bavail * uint64(stat.Bsize) >> 20
}

// TestEndsWithEtcd fills the disk. The proxy must log this while it serves, and end with etcd's error when etcd cannot write any
// more, instead of answering all requests with errors.
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
	for freeMegabytes(t, disk) > 12 {
		if _, err := filler.Write(megabyte); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(3 * time.Second) // the proxy checks the disk every second
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
	if named := "The proxy ends when etcd can't write any more"; !strings.Contains(p.stderr.String(), named) || !strings.Contains(p.stderr.String(), " is full (") {
		t.Errorf("does not say %q when the disk is full: %s", named, p.stderr)
	}
	lines := strings.Split(strings.TrimSpace(p.stderr.String()), "\n")
	last := lines[len(lines)-1]
	if !strings.HasPrefix(last, "aggregation-proxy: etcd ended (") || !strings.Contains(last, "no space left on device") {
		t.Errorf("the last line on stderr is %q; all:\n%s", last, p.stderr)
	}
}
