// Package datadir reads and writes the files of the data directory: the lock, the kubeconfig, and the URLs of etcd.
package datadir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"go.etcd.io/etcd/client/pkg/v3/fileutil"

	"github.com/apiserver-builder/builder/proxy/internal/atomicfile"
)

// Dir is the path of a data directory.
type Dir string

// Path returns the path of a file or folder in the data directory.
func (d Dir) Path(name string) string { return filepath.Join(string(d), name) }

func (d Dir) kubeconfig() string { return d.Path("kubeconfig") }
func (d Dir) etcdURL() string    { return d.Path("etcd.url") }
func (d Dir) lock() string       { return d.Path("lock") }

// Claim creates the directory and locks it for this process, because two etcds would destroy each other's data. The operating
// system releases the lock when the process ends, for any reason.
func (d Dir) Claim() (release func(), err error) {
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	path := d.lock()
	lock, err := fileutil.TryLockFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, fileutil.ErrLocked) {
		holder, _ := os.ReadFile(path)
		return nil, fmt.Errorf("data directory %s is in use by another aggregation-proxy (process %s): stop it, or choose another --data-dir", d, strings.TrimSpace(string(holder)))
	}
	if err != nil {
		return nil, fmt.Errorf("lock the data directory: %w", err)
	}
	if err := errors.Join(lock.Truncate(0), writeLine(lock, strconv.Itoa(os.Getpid()))); err != nil {
		return nil, errors.Join(fmt.Errorf("write %s: %w", path, err), lock.Close())
	}
	return func() { lock.Close() }, nil
}

func writeLine(lock *fileutil.LockedFile, line string) error {
	_, err := lock.WriteAt([]byte(line+"\n"), 0)
	return err
}

// LastEtcdURL returns the URLs that WriteEtcdURL wrote in an earlier run, or "".
func (d Dir) LastEtcdURL() string {
	data, err := os.ReadFile(d.etcdURL())
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

// WriteEtcdURL writes the URLs of etcd for extension-apiservers.
func (d Dir) WriteEtcdURL(servers []string) error {
	return atomicfile.Write(d.etcdURL(), []byte(strings.Join(servers, ",")+"\n"), 0o644)
}
