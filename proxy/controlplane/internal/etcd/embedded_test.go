package etcd

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

	"github.com/apiserver-builder/builder/proxy/internal/pki"
)

// TestDatabaseLocked checks that the start ends at its timeout, and when it is interrupted, while another process has the database
// open. etcd itself would wait forever.
func TestDatabaseLocked(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "member", "snap", "db")
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	// It stays open: otherwise, the abandoned starts would continue in a folder that is being removed.
	db, err := syscall.Open(name, syscall.O_CREAT|syscall.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(db, syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	certs := pki.Dir(t.TempDir())
	if err := (pki.Issuer{Dir: certs, Serving: pki.Names{DNS: []string{"localhost"}}}).Ensure(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	interrupted, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	cause := errors.New("interrupted")
	for _, c := range []struct {
		name    string
		ctx     context.Context
		timeout time.Duration
		want    string
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
			config := Embedded{Data: dir, Certs: certs, NoFsync: true}.config(0)
			config.ZapLoggerBuilder = embed.NewZapLoggerBuilder(newLogger(fatal))
			if _, err := startOrFail(c.ctx, config, fatal, c.timeout); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
