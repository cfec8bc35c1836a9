package proxy

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/apiserver-builder/builder/proxy/pki"
)

// checkRegular refuses a named pipe, a device or a folder in place of a file that an earlier run has left: opening a named pipe waits
// for a writer that may never come.
func checkRegular(dir dataDir, certs pki.Dir) error {
	names := []string{dir.kubeconfig(), dir.etcdURL(), dir.path("lock")}
	entries, err := os.ReadDir(string(certs))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the certificates' folder: %w", err)
	}
	for _, entry := range entries {
		if extension := filepath.Ext(entry.Name()); extension == ".crt" || extension == ".key" {
			names = append(names, filepath.Join(string(certs), entry.Name()))
		}
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if err == nil && !info.Mode().IsRegular() {
			return fmt.Errorf("%s is not a regular file: move it away", name)
		}
	}
	return nil
}
