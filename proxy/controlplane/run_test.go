package controlplane

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestIrregularDataFiles checks that Run refuses named pipes and devices in place of files of an earlier run, because reading them could
// block.
func TestIrregularDataFiles(t *testing.T) {
	for _, file := range []string{"kubeconfig", "etcd.url", "lock", "pki/etcd-ca.crt", "pki/service-account.key"} {
		for is, put := range map[string]func(string) error{
			"a named pipe": func(name string) error { return syscall.Mkfifo(name, 0o600) },
			"a device":     func(name string) error { return os.Symlink("/dev/zero", name) },
		} {
			t.Run(file+" is "+is, func(t *testing.T) {
				o := NewOptions()
				o.DataDir, o.UnsafeNoFsync = t.TempDir(), true
				name := filepath.Join(o.DataDir, filepath.FromSlash(file))
				if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := put(name); err != nil {
					t.Fatal(err)
				}
				done := make(chan error, 1)
				go func() { done <- Run(t.Context(), o, func(context.Context, string) {}) }()
				select {
				case err := <-done:
					if want := name + " is not a regular file: move it away"; err == nil || err.Error() != want {
						t.Errorf("got %v, want %s", err, want)
					}
				case <-time.After(10 * time.Second):
					t.Error("Run blocks")
				}
			})
		}
	}
}
