package proxy

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/etcd/server/v3/embed"

	"github.com/apiserver-builder/builder/proxy/pki"
)

// TestEtcdWhoseDataAnotherProcessHasOpen holds that the start ends, at its limit and when it is interrupted: etcd itself waits forever.
func TestEtcdWhoseDataAnotherProcessHasOpen(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "member", "snap", "db")
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	// Never closed: the etcds that were given up would go on, in a folder that is being removed.
	db, err := syscall.Open(name, syscall.O_CREAT|syscall.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(db, syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	certs := pki.Dir(t.TempDir())
	if err := (pki.Issuer{Dir: certs, Serving: servingNames([]byte{127, 0, 0, 1})}).Ensure(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	interrupted, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	cause := errors.New("interrupted")
	for _, c := range []struct {
		name    string
		ctx     context.Context
		timeout time.Duration
		says    string
	}{
		{"limit", t.Context(), 200 * time.Millisecond, `it has not opened its data within 200ms: another process may have it open (see "fuser ` + name + `"), or the disk does not answer`},
		{"interrupted", interrupted, time.Hour, cause.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			time.AfterFunc(200*time.Millisecond, func() {
				if c.ctx == interrupted {
					cancel(cause)
				}
			})
			fatal := make(fatalHook, 1)
			config := etcdConfig(dir, certs, 0, true)
			config.ZapLoggerBuilder = embed.NewZapLoggerBuilder(etcdLogger(fatal))
			if _, err := startOrFail(c.ctx, config, fatal, c.timeout); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %s", err, c.says)
			}
		})
	}
}

// TestIrregularDataFiles holds that nothing waits for a named pipe, or reads a device, in place of a file that an earlier run has left.
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
					t.Error("it waits")
				}
			})
		}
	}
}
