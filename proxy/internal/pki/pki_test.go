package pki

import (
	"context"
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/etcd/client/pkg/v3/fileutil"
)

var (
	testNow   = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	testNames = Names{DNS: []string{"kubernetes"}, IPs: []net.IP{net.IPv4(127, 0, 0, 1)}}
)

func ensure(t *testing.T, d Dir, names Names, now time.Time) {
	t.Helper()
	if err := (Issuer{Dir: d, Serving: names}).Ensure(t.Context(), now); err != nil {
		t.Fatal(err)
	}
}

// contents returns the content of each file by name.
func contents(t *testing.T, d Dir) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(string(d))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(string(d), entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Name()] = string(data)
	}
	return files
}

// changed lists the pairs with a file that has changed.
func changed(before, after map[string]string) map[string]bool {
	names := map[string]bool{}
	for file, data := range after {
		if before[file] != data {
			names[file[:len(file)-len(filepath.Ext(file))]] = true
		}
	}
	return names
}

func TestEverythingVerifies(t *testing.T) {
	d := Dir(filepath.Join(t.TempDir(), "pki"))
	ensure(t, d, testNames, testNow)
	for _, l := range leaves(testNames) {
		for _, authority := range authorities {
			ca, err := d.load(authority)
			if err != nil {
				t.Fatal(err)
			}
			leaf, err := d.load(l.name)
			if err != nil {
				t.Fatal(err)
			}
			if leaf.key.Curve != elliptic.P256() {
				t.Errorf("%s is on curve %s", l.name, leaf.key.Curve.Params().Name)
			}
			roots := x509.NewCertPool()
			roots.AddCert(ca.cert)
			_, err = leaf.cert.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: testNow, KeyUsages: []x509.ExtKeyUsage{l.usage}})
			if (err == nil) != (authority == l.authority) {
				t.Errorf("%s against %s: %v", l.name, authority, err)
			}
		}
	}
	for file := range contents(t, d) {
		info, err := os.Stat(filepath.Join(string(d), file))
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Ext(file) == ".key" && info.Mode().Perm() != keyMode {
			t.Errorf("%s has mode %v", file, info.Mode())
		}
	}
}

func TestEnsureRenewsWhatItMust(t *testing.T) {
	day := 24 * time.Hour
	all := map[string]bool{}
	for _, name := range append([]string{Admin, APIServer, FrontProxyClient, EtcdServer, EtcdClient}, authorities...) {
		all[name] = true
	}
	leavesOnly := map[string]bool{Admin: true, APIServer: true, FrontProxyClient: true, EtcdServer: true, EtcdClient: true}
	for _, test := range []struct {
		name  string
		names Names
		later time.Duration
		spoil func(d Dir) error
		want  map[string]bool
	}{
		{name: "nothing the next day", later: day, want: map[string]bool{}},
		{name: "certificates in their last third", later: 300 * day, want: leavesOnly},
		{name: "everything after years", later: 9 * 365 * day, want: all},
		{name: "everything when the clock was set back", later: -day, want: all},
		{name: "the server's when it serves a new name", names: Names{DNS: []string{"elsewhere"}}, want: map[string]bool{APIServer: true}},
		{name: "a lost certificate", spoil: func(d Dir) error { return os.Remove(d.Cert(EtcdClient)) }, want: map[string]bool{EtcdClient: true}},
		{name: "a damaged certificate", spoil: func(d Dir) error { return os.WriteFile(d.Cert(Admin), nil, certMode) }, want: map[string]bool{Admin: true}},
		{name: "all of a lost authority", spoil: func(d Dir) error { return os.Remove(d.Key(EtcdCA)) }, want: map[string]bool{EtcdCA: true, EtcdServer: true, EtcdClient: true}},
		{name: "the tokens' key only when lost", spoil: func(d Dir) error { return os.Remove(d.Key(ServiceAccount)) }, want: map[string]bool{ServiceAccount: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := Dir(t.TempDir())
			ensure(t, d, testNames, testNow)
			before := contents(t, d)
			if test.spoil != nil {
				if err := test.spoil(d); err != nil {
					t.Fatal(err)
				}
			}
			names := testNames
			if test.names.DNS != nil {
				names = test.names
			}
			ensure(t, d, names, testNow.Add(test.later))
			if diff := cmp.Diff(test.want, changed(before, contents(t, d))); diff != "" {
				t.Errorf("renewed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEnsureClosesKeysToOthers(t *testing.T) {
	d := Dir(t.TempDir())
	ensure(t, d, testNames, testNow)
	for _, name := range []string{EtcdCA, Admin, ServiceAccount} {
		if err := os.Chmod(d.Key(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ensure(t, d, testNames, testNow)
	for _, name := range []string{EtcdCA, Admin, ServiceAccount} {
		if info, err := os.Stat(d.Key(name)); err != nil || info.Mode().Perm() != keyMode {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
}

// TestEnsureKeepsAnAuthorityItCannotRead checks that a damaged CA is an error. A new CA would lock out all clients that trust the
// old one.
func TestEnsureKeepsAnAuthorityItCannotRead(t *testing.T) {
	d := Dir(t.TempDir())
	ensure(t, d, testNames, testNow)
	if err := os.WriteFile(d.Cert(ServingCA), []byte("?"), certMode); err != nil {
		t.Fatal(err)
	}
	if err := (Issuer{Dir: d, Serving: testNames}).Ensure(t.Context(), testNow); err == nil {
		t.Error("no error")
	}
}

// TestLockedFolder locks the folder in another process. Ensure returns an error that names the locked file, and can be interrupted.
func TestLockedFolder(t *testing.T) {
	d := Dir(t.TempDir())
	path := filepath.Join(string(d), "lock")
	held, err := fileutil.LockFile(path, os.O_RDWR|os.O_CREATE, keyMode)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	issuer := Issuer{Dir: d, Serving: testNames}
	synctest.Test(t, func(t *testing.T) {
		want := "another process has kept " + path + " locked for 10s: end it (fuser " + path + " finds it)"
		if err := issuer.Ensure(t.Context(), testNow); err == nil || err.Error() != want {
			t.Errorf("got %v, want %q", err, want)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := issuer.Ensure(ctx, testNow); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("interrupted: %v", err)
		}
	})
}

// TestReplicasShareAFolder starts two replicas at the same time, with different addresses.
func TestReplicasShareAFolder(t *testing.T) {
	d := Dir(t.TempDir())
	replicas := []Names{
		{DNS: []string{"kubernetes"}, IPs: []net.IP{net.IPv4(192, 0, 2, 1)}},
		{DNS: []string{"kubernetes"}, IPs: []net.IP{net.IPv4(192, 0, 2, 2)}},
	}
	errs := make(chan error, len(replicas))
	for _, names := range replicas {
		go func() { errs <- Issuer{Dir: d, Serving: names}.Ensure(t.Context(), testNow) }()
	}
	for range replicas {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	authority, err := d.load(ServingCA)
	if err != nil {
		t.Fatal(err)
	}
	serving, err := d.load(APIServer)
	if err != nil {
		t.Fatal(err)
	}
	if err := serving.cert.CheckSignatureFrom(authority.cert); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"kubernetes", "192.0.2.1", "192.0.2.2"} {
		if err := serving.cert.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	before := contents(t, d)
	for _, names := range replicas {
		ensure(t, d, names, testNow)
	}
	if diff := cmp.Diff(map[string]bool{}, changed(before, contents(t, d))); diff != "" {
		t.Errorf("the replicas take turns in renewing (-want +got):\n%s", diff)
	}
}
