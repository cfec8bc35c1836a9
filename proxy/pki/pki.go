// Package pki keeps the certificates of a cluster of one in a folder: four authorities that know nothing of each
// other (clients, serving, front proxy, etcd), what they signed, and the key ServiceAccount tokens are signed with.
package pki

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
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

	"github.com/apiserver-builder/builder/proxy/internal/atomicfile"
)

const (
	authorityLife = 10 * 365 * 24 * time.Hour
	// DefaultValidity is how long clients' and servers' certificates are valid.
	DefaultValidity = 365 * 24 * time.Hour
	// A certificate is renewed when less than a third of its life is left.
	renewAt = 3
	// Clocks of a host and its virtual machines differ a little.
	maxBackdate = 5 * time.Minute

	// Certificates are made in milliseconds.
	lockPatience, lockRetry = 10 * time.Second, 50 * time.Millisecond

	certMode = 0o644
	keyMode  = 0o600
)

// Dir is a folder of certificates and keys, PEM, one pair NAME.crt and NAME.key each.
type Dir string

// Cert is the path of the certificate called name.
func (d Dir) Cert(name string) string { return filepath.Join(string(d), name+".crt") }

// Key is the path of the private key called name.
func (d Dir) Key(name string) string { return filepath.Join(string(d), name+".key") }

// Issuer makes the certificates in a Dir, and renews them.
type Issuer struct {
	Dir Dir
	// Serving names what the kube-apiserver's certificate is valid for.
	Serving Names
	// Validity is how long clients' and servers' certificates are valid; 0 for DefaultValidity. Authorities are valid for ten
	// years.
	Validity time.Duration

	files files
}

// Ensure makes every missing pair in the folder, renews those that are near their end or not valid yet, and leaves the
// others alone. Keys are readable by their owner only, the folder too. Processes that share the folder wait for
// each other, ten seconds at most.
//
// A renewed certificate keeps its key. So a renewed authority's certificate verifies what the old one did and the other way
// round, and one file is replaced, not two that have to fit: a reader finds a pair that works at any moment, and so does
// the next start after a crash. Only a lost key is replaced, and for an authority's all it signed is renewed.
func (i Issuer) Ensure(ctx context.Context, now time.Time) error {
	d := i.Dir
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return fmt.Errorf("make the certificates' folder: %w", err)
	}
	if err := os.Chmod(string(d), 0o700); err != nil {
		return fmt.Errorf("close the certificates' folder to others: %w", err)
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
	// Forever: a new one would invalidate every token.
	_, err = i.ensureKey(ServiceAccount)
	return err
}

// lock keeps other processes from the folder until the lock is closed. It waits for one that is at work, and not for one that is stopped.
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

// files is how the folder is written to.
type files interface {
	write(path string, data []byte, mode fs.FileMode) error
	remove(path string) error
}

// disk is the files of the operating system.
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

// pair is a certificate with its private key, read or new.
type pair struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// load reads the pair called name. It returns an error satisfying fs.ErrNotExist when either file is missing.
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
		return nil, fmt.Errorf("close a private key to others: %w", err)
	}
	return key, nil
}

// ensureKey returns the key called name. When there is none it removes the certificate that has lost it, and makes a key.
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

// makeKey makes a key called name, and saves it.
func (i Issuer) makeKey(name string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a private key: %w", err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", i.Dir.Key(name), err)
	}
	return key, i.disk().write(i.Dir.Key(name), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), keyMode)
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
