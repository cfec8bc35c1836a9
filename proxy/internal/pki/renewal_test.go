package pki

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// roots returns a pool with one certificate.
func roots(cert *x509.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return pool
}

func mustLoad(t *testing.T, d Dir, name string) pair {
	t.Helper()
	p, err := d.load(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// verify verifies the certificates in d with the trusted CAs.
func verify(t *testing.T, trusted, d Dir, now time.Time) {
	t.Helper()
	for _, l := range leaves(testNames) {
		ca, leaf := mustLoad(t, trusted, l.authority), mustLoad(t, d, l.name)
		options := x509.VerifyOptions{Roots: roots(ca.cert), CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{l.usage}}
		if _, err := leaf.cert.Verify(options); err != nil {
			t.Errorf("%s: %v", l.name, err)
		}
	}
}

// copyDir copies the folder, as the content that a process read earlier.
func copyDir(t *testing.T, d Dir) Dir {
	t.Helper()
	to := Dir(filepath.Join(t.TempDir(), "pki"))
	if err := os.CopyFS(string(to), os.DirFS(string(d))); err != nil {
		t.Fatal(err)
	}
	return to
}

// TestRenewedAuthoritiesAreTrustedAsBefore checks that the old CAs verify the new certificates, and that the new CAs verify the old
// certificates.
func TestRenewedAuthoritiesAreTrustedAsBefore(t *testing.T) {
	d := Dir(filepath.Join(t.TempDir(), "pki"))
	later := testNow.Add(authorityLife * 7 / 10)
	ensure(t, d, testNames, testNow)
	ensure(t, d, testNames, later.Add(-DefaultValidity/2)) // certificates are due, CAs are not
	old := copyDir(t, d)
	ensure(t, d, testNames, later)
	for _, authority := range authorities {
		if was, is := mustLoad(t, old, authority), mustLoad(t, d, authority); !is.cert.NotAfter.After(was.cert.NotAfter) {
			t.Errorf("%s still ends at %s", authority, is.cert.NotAfter)
		}
	}
	verify(t, d, d, later)
	verify(t, old, d, later)
	verify(t, d, old, later)
}

// TestAnotherValidity checks that certificates that are valid for seconds are renewed in time.
func TestAnotherValidity(t *testing.T) {
	d := Dir(t.TempDir())
	issuer := Issuer{Dir: d, Serving: testNames, Validity: 6 * time.Second}
	var last time.Time
	for seconds := range 20 {
		now := testNow.Add(time.Duration(seconds) * time.Second)
		if err := issuer.Ensure(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		verify(t, d, d, now.Add(time.Second))
		last = mustLoad(t, d, Admin).cert.NotAfter
	}
	if end := testNow.Add(26 * time.Second); last.After(end) {
		t.Errorf("the last certificate ends at %s, want at %s or before", last, end)
	}
}

var errCrash = errors.New("crash")

// crashing is a disk that ignores all changes after the first few, as after a crash.
type crashing struct {
	files
	left *int
}

func (c crashing) spend() error {
	if *c.left == 0 {
		return errCrash
	}
	*c.left--
	return nil
}

func (c crashing) write(path string, data []byte, mode fs.FileMode) error {
	if err := c.spend(); err != nil {
		return err
	}
	return c.files.write(path, data, mode)
}

func (c crashing) remove(path string) error {
	if err := c.spend(); err != nil {
		return err
	}
	return c.files.remove(path)
}

// TestCrashAtAnyMoment stops Ensure before each of its changes to the disk. The next start must work, and the old CAs must remain
// trusted unless their key was lost.
func TestCrashAtAnyMoment(t *testing.T) {
	remove := func(paths func(Dir) []string) func(d Dir) error {
		return func(d Dir) error {
			var errs []error
			for _, path := range paths(d) {
				errs = append(errs, os.Remove(path))
			}
			return errors.Join(errs...)
		}
	}
	for _, test := range []struct {
		name  string
		later time.Duration
		spoil func(d Dir) error
		keeps bool
		least int // changes to interrupt
	}{
		{name: "first start", spoil: func(d Dir) error { return os.RemoveAll(string(d)) }, least: 19},
		{name: "renewal of certificates", later: DefaultValidity * 3 / 4, keeps: true, least: 5},
		{name: "renewal of all", later: authorityLife * 3 / 4, keeps: true, least: 9},
		{name: "clock set back", later: -time.Hour, keeps: true, least: 9},
		{name: "lost key of an authority", spoil: remove(func(d Dir) []string { return []string{d.Key(ServingCA)} }), least: 4},
		{name: "lost key of a certificate", spoil: remove(func(d Dir) []string { return []string{d.Key(Admin)} }), keeps: true, least: 3},
		{name: "lost certificate of an authority", spoil: remove(func(d Dir) []string { return []string{d.Cert(ServingCA)} }), keeps: true, least: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := Dir(filepath.Join(t.TempDir(), "pki"))
			ensure(t, d, testNames, testNow)
			old, now := copyDir(t, d), testNow.Add(test.later)
			if test.spoil != nil {
				if err := test.spoil(d); err != nil {
					t.Fatal(err)
				}
			}
			crashes := 0
			for ; ; crashes++ {
				left := crashes
				interrupted := Dir(filepath.Join(t.TempDir(), "pki"))
				if err := os.CopyFS(string(interrupted), os.DirFS(string(d))); err != nil && !errors.Is(err, fs.ErrNotExist) {
					t.Fatal(err)
				}
				err := Issuer{Dir: interrupted, Serving: testNames, files: crashing{disk{}, &left}}.Ensure(t.Context(), now)
				if err == nil {
					break
				}
				if !errors.Is(err, errCrash) {
					t.Fatal(err)
				}
				if err := (Issuer{Dir: interrupted, Serving: testNames}).Ensure(t.Context(), now); err != nil {
					t.Errorf("after a crash before change %d: %v", crashes+1, err)
					continue
				}
				verify(t, interrupted, interrupted, now)
				if test.keeps {
					sameKeys(t, fmt.Sprintf("after a crash before change %d", crashes+1), old, interrupted)
				}
			}
			if crashes < test.least {
				t.Errorf("%d changes were interrupted, want %d", crashes, test.least)
			}
		})
	}
}

// sameKeys checks that the keys of the CAs and for tokens have not changed.
func sameKeys(t *testing.T, when string, old, d Dir) {
	t.Helper()
	for _, name := range append([]string{ServiceAccount}, authorities...) {
		was, err := old.loadKey(name)
		if err != nil {
			t.Fatal(err)
		}
		if is, err := d.loadKey(name); err != nil || !is.Equal(was) {
			t.Errorf("%s: %s has another key (%v)", when, name, err)
		}
	}
}
