// Package pki keeps the certificates of a cluster of one in a folder: four authorities that know nothing of each
// other (clients, serving, front proxy, etcd), what they signed, and the key ServiceAccount tokens are signed with.
package pki

import (
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

	"github.com/apiserver-builder/builder/proxy/internal/atomicfile"
)

const (
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 365 * 24 * time.Hour
	// A certificate is renewed when less than a third of its life is left, so that no process started in time
	// outlives what it was started with.
	renewAt = 3

	certMode = 0o644
	keyMode  = 0o600
)

// Dir is a folder of certificates and keys, PEM, one pair NAME.crt and NAME.key each.
type Dir string

// Cert is the path of the certificate called name.
func (d Dir) Cert(name string) string { return filepath.Join(string(d), name+".crt") }

// Key is the path of the private key called name.
func (d Dir) Key(name string) string { return filepath.Join(string(d), name+".key") }

// Ensure makes every missing pair in the folder, renews those near their end, and leaves the others alone. A new
// authority renews all it signed. serving names what the kube-apiserver's certificate is valid for. Keys are
// readable by their owner only, the folder too. Processes that share the folder wait for each other.
func (d Dir) Ensure(serving Names, now time.Time) error {
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return fmt.Errorf("make the certificates' folder: %w", err)
	}
	if err := os.Chmod(string(d), 0o700); err != nil {
		return fmt.Errorf("close the certificates' folder to others: %w", err)
	}
	lock, err := fileutil.LockFile(filepath.Join(string(d), "lock"), os.O_RDWR|os.O_CREATE, keyMode)
	if err != nil {
		return fmt.Errorf("lock the certificates' folder: %w", err)
	}
	defer lock.Close()
	for _, authority := range authorities {
		signer, err := d.ensureAuthority(authority, now)
		if err != nil {
			return err
		}
		for _, leaf := range leaves(serving) {
			if leaf.authority != authority {
				continue
			}
			if err := d.ensureLeaf(signer, leaf, now); err != nil {
				return err
			}
		}
	}
	return d.ensureSigningKey()
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
		return pair{}, fmt.Errorf("%s does not belong to %s", d.Key(name), d.Cert(name))
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

// save writes the key first: a certificate on disk always has its key beside it.
func (d Dir) save(name string, der []byte, key *ecdsa.PrivateKey) error {
	if err := d.saveKey(name, key); err != nil {
		return err
	}
	return atomicfile.Write(d.Cert(name), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), certMode)
}

func (d Dir) saveKey(name string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return fmt.Errorf("encode %s: %w", d.Key(name), err)
	}
	return atomicfile.Write(d.Key(name), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), keyMode)
}

// ensureSigningKey keeps the ServiceAccount key for ever: a new one would invalidate every token.
func (d Dir) ensureSigningKey() error {
	_, err := d.loadKey(ServiceAccount)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	key, err := newKey()
	if err != nil {
		return err
	}
	return d.saveKey(ServiceAccount, key)
}

func newKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a private key: %w", err)
	}
	return key, nil
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
