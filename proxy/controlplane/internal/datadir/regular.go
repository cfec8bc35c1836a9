package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/apiserver-builder/builder/proxy/internal/pki"
)

// CheckRegular returns an error if a file of an earlier run, or a certificate, is not a regular file. Opening a named pipe
// could wait forever for a writer.
func (d Dir) CheckRegular(certs pki.Dir) error {
	names := []string{d.kubeconfig(), d.etcdURL(), d.lock()}
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
