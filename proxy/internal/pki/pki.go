// Package pki creates and renews the certificates of a control plane in a folder: four independent CAs (clients, serving, front
// proxy, etcd), the certificates that they sign, and the key for ServiceAccount tokens.
package pki

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/fileutil"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/keyutil"

	"github.com/apiserver-builder/builder/proxy/internal/atomicfile"
)

const (
	authorityLife = 10 * 365 * 24 * time.Hour
	// DefaultValidity is the validity of the certificates of clients and servers.
	DefaultValidity = 365 * 24 * time.Hour
	// renewAt defines the remaining part of the validity, a third, at which a certificate is renewed.
	renewAt = 3
	// maxBackdate allows for the difference between the clocks of a host and its virtual machines.
	maxBackdate = 5 * time.Minute

	// lockPatience is long: certificates are created within milliseconds.
	lockPatience, lockRetry = 10 * time.Second, 50 * time.Millisecond

	certMode = 0o644
	keyMode  = 0o600
)

// Dir is a folder of certificates and keys in PEM. A pair consists of NAME.crt and NAME.key.
type Dir string

// Cert returns the path of a certificate.
func (d Dir) Cert(name string) string { return filepath.Join(string(d), name+".crt") }

// Key returns the path of a private key.
func (d Dir) Key(name string) string { return filepath.Join(string(d), name+".key") }

// Issuer creates and renews the certificates in a Dir.
type Issuer struct {
	Dir Dir
	// Serving contains the names in kube-apiserver's certificate.
	Serving Names
	// Validity is the validity of the certificates of clients and servers. 0 means DefaultValidity. CAs are valid for ten years.
	Validity time.Duration

	files files
}

// Ensure creates missing pairs in the folder, and renews those that expire soon or are not valid yet. Only the owner can read the
// keys and the folder. Processes that share the folder wait for each other, for at most ten seconds.
//
// A renewed certificate keeps its key. So the certificates of an old and a renewed CA verify the same certificates, and only one
// file is replaced. A reader always finds a matching pair, and so does the next start after a crash. Only a lost key is replaced.
// If it is a CA's key, all certificates that it signed are renewed.
func (i Issuer) Ensure(ctx context.Context, now time.Time) error {
	d := i.Dir
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return fmt.Errorf("make the certificates' folder: %w", err)
	}
	if err := os.Chmod(string(d), 0o700); err != nil {
		return fmt.Errorf("restrict the permissions of the certificates' folder: %w", err)
	}
	lock, err := d.lock(ctx)
	if err != nil {
		return err
	}
	defer lock.Close()
	for _, authority := range authorities {
		signer, err := i.ensureAuthority(authority, now)
		if err != nil {
			return err
		}
		for _, leaf := range leaves(i.Serving) {
			if leaf.authority != authority {
				continue
			}
			if err := i.ensureLeaf(signer, leaf, now); err != nil {
				return err
			}
		}
	}
	// This key never expires: a new one would invalidate all tokens.
	_, err = i.ensureKey(ServiceAccount)
	return err
}

// lock locks the folder against other processes until the lock is closed. It waits for a process that works, but not for one that
// is stopped.
func (d Dir) lock(ctx context.Context) (*fileutil.LockedFile, error) {
	path := filepath.Join(string(d), "lock")
	var lock *fileutil.LockedFile
	err := wait.PollUntilContextTimeout(ctx, lockRetry, lockPatience, true, func(context.Context) (bool, error) {
		var err error
		lock, err = fileutil.TryLockFile(path, os.O_RDWR|os.O_CREATE, keyMode)
		if errors.Is(err, fileutil.ErrLocked) {
			return false, nil
		}
		return err == nil, err
	})
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case wait.Interrupted(err):
		return nil, fmt.Errorf("another process has kept %s locked for %s: end it (fuser %[1]s finds it)", path, lockPatience)
	case err != nil:
		return nil, fmt.Errorf("lock the certificates' folder: %w", err)
	}
	return lock, nil
}

// files writes and removes files in the folder.
type files interface {
	write(path string, data []byte, mode fs.FileMode) error
	remove(path string) error
}

// disk writes and removes files with the operating system.
type disk struct{}

func (disk) write(path string, data []byte, mode fs.FileMode) error {
	return atomicfile.Write(path, data, mode)
}

func (disk) remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (i Issuer) disk() files {
	if i.files != nil {
		return i.files
	}
	return disk{}
}

// pair is a certificate with its private key.
type pair struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// load reads a pair. If a file is missing, the error satisfies fs.ErrNotExist.
func (d Dir) load(name string) (pair, error) {
	der, err := readPEM(d.Cert(name), "CERTIFICATE")
	if err != nil {
		return pair{}, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return pair{}, fmt.Errorf("%s: %w", d.Cert(name), err)
	}
	key, err := d.loadKey(name)
	if err != nil {
		return pair{}, err
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return pair{}, fmt.Errorf("%s does not belong to %s: put the right one there, or remove both files to have new ones made", d.Key(name), d.Cert(name))
	}
	return pair{cert, key}, nil
}

func (d Dir) loadKey(name string) (*ecdsa.PrivateKey, error) {
	der, err := readPEM(d.Key(name), "EC PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	key, err := x509.ParseECPrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.Key(name), err)
	}
	if err := os.Chmod(d.Key(name), keyMode); err != nil {
		return nil, fmt.Errorf("restrict the permissions of a private key: %w", err)
	}
	return key, nil
}

// ensureKey returns the key with the given name. If it is missing, ensureKey removes its certificate and creates a key.
func (i Issuer) ensureKey(name string) (*ecdsa.PrivateKey, error) {
	key, err := i.Dir.loadKey(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := i.disk().remove(i.Dir.Cert(name)); err != nil {
		return nil, err
	}
	return i.makeKey(name)
}

// makeKey creates a key and saves it.
func (i Issuer) makeKey(name string) (*ecdsa.PrivateKey, error) {
	key, err := NewKey()
	if err != nil {
		return nil, err
	}
	encoded, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", i.Dir.Key(name), err)
	}
	return key, i.disk().write(i.Dir.Key(name), encoded, keyMode)
}

func readPEM(path, blockType string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != blockType {
		return nil, fmt.Errorf("%s holds no PEM block %q: remove it to have a new one made", path, blockType)
	}
	return block.Bytes, nil
}
