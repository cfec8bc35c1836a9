package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

func TestStateOnDiskIsPrivate(t *testing.T) {
	t.Parallel()
	keys := 0
	err := filepath.WalkDir(shared.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // etcd still writes
		}
		if err != nil {
			return err
		}
		want := info.Mode().Perm()
		switch {
		case path == shared.dir: // an existing folder keeps its mode
		case filepath.Ext(path) == ".key":
			keys++
			want = 0o600
		case entry.Name() == "kubeconfig":
			want = 0o600
		case entry.IsDir():
			want = 0o700
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", path, info.Mode().Perm(), want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if keys < 10 {
		t.Errorf("found %d keys, want the authorities', the certificates' and the tokens'", keys)
	}
}

func read(t *testing.T, path ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func etcdClient(t *testing.T, dir string, withCertificate bool) *clientv3.Client {
	t.Helper()
	pki := filepath.Join(dir, "pki")
	info := transport.TLSInfo{TrustedCAFile: filepath.Join(pki, "etcd-ca.crt")}
	if withCertificate {
		info.CertFile, info.KeyFile = filepath.Join(pki, "etcd-client.crt"), filepath.Join(pki, "etcd-client.key")
	}
	config, err := info.ClientConfig()
	if err != nil {
		t.Fatal(err)
	}
	server := strings.TrimSuffix(string(read(t, dir, "etcd.url")), "\n")
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{server}, TLS: config, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// TestEtcdIsForHoldersOfACertificate connects to etcd with and without a certificate.
func TestEtcdIsForHoldersOfACertificate(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	response, err := etcdClient(t, shared.dir, true).Get(ctx, "/registry/namespaces/default")
	if err != nil || response.Count != 1 {
		t.Fatalf("with the certificate: %v, %+v", err, response)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if response, err := etcdClient(t, shared.dir, false).Get(ctx, "/registry/namespaces/default"); err == nil {
		t.Errorf("without a certificate: %+v", response)
	}
}

// TestRestartKeepsEverything kills a proxy and starts it on another port.
func TestRestartKeepsEverything(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := start(t, dir)
	newConfigMap(t, p.client(t), metav1.NamespaceDefault, metav1.ObjectMeta{Name: "kept"})
	// It is created in two writes just after the start. A kill between them is repaired, but logged.
	eventually(t, "Service kubernetes", func(ctx context.Context) error {
		_, err := p.client(t).CoreV1().Services(metav1.NamespaceDefault).Get(ctx, "kubernetes", metav1.GetOptions{})
		return err
	})
	authority, etcdURL, tokens := p.config(t).CAData, read(t, dir, "etcd.url"), token(t, p.config(t), metav1.NamespaceDefault, "default")
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.Wait()

	port := strconv.Itoa(proxytest.FreePort(t))
	p = start(t, dir, "--secure-port", port)
	t.Logf("restart: ready in %s", p.readyIn.Round(time.Millisecond))
	if p.url != "https://127.0.0.1:"+port || p.config(t).Host != p.url {
		t.Errorf("ready at %s, the kubeconfig says %s, want port %s", p.url, p.config(t).Host, port)
	}
	if _, err := p.client(t).CoreV1().ConfigMaps(metav1.NamespaceDefault).Get(t.Context(), "kept", metav1.GetOptions{}); err != nil {
		t.Error(err)
	}
	if !bytes.Equal(p.config(t).CAData, authority) {
		t.Error("another authority than before")
	}
	if !bytes.Equal(read(t, dir, "etcd.url"), etcdURL) {
		t.Logf("etcd had to move from %s to %s", etcdURL, read(t, dir, "etcd.url"))
	}
	tokens.Host = p.url
	if _, err := clientFor(t, tokens).Discovery().ServerGroups(); err != nil {
		t.Errorf("a token from before: %v", err)
	}
	p.stopQuietly(t)
}

// externalEtcd starts an etcd that is separate from the proxy, and returns its URL.
func externalEtcd(t *testing.T) (*embed.Etcd, string) {
	t.Helper()
	client := url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", proxytest.FreePort(t))}
	config := embed.NewConfig()
	config.Dir, config.LogLevel, config.UnsafeNoFsync = t.TempDir(), "fatal", true
	config.ListenClientUrls, config.AdvertiseClientUrls, config.ListenPeerUrls = []url.URL{client}, []url.URL{client}, nil
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(etcd.Close)
	return etcd, client.String()
}

func TestExternalEtcd(t *testing.T) {
	t.Parallel()
	etcd, client := externalEtcd(t)
	dir := t.TempDir()
	p, err := launch(dir, "--etcd-servers", client)
	if err != nil {
		t.Fatal(err)
	}
	newConfigMap(t, p.client(t), metav1.NamespaceDefault, metav1.ObjectMeta{Name: "kept"})
	if n, err := etcd.Server.Range(t.Context(), &etcdserverpb.RangeRequest{Key: []byte("/registry/configmaps/default/kept")}); err != nil || n.Count != 1 {
		t.Errorf("the object in etcd: %v, %v", n, err)
	}
	if got := string(read(t, dir, "etcd.url")); got != client+"\n" {
		t.Errorf("etcd.url says %q, want %s", got, client)
	}
	if _, err := os.Stat(filepath.Join(dir, "etcd")); err == nil {
		t.Error("the proxy keeps an etcd of its own")
	}
	p.stopQuietly(t)
}

func TestServingCertificateIsForAllWaysIn(t *testing.T) {
	t.Parallel()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(shared.config(t).CAData)
	for _, name := range []string{"127.0.0.1", "::1", "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "10.0.0.1"} {
		conn, err := tls.Dial("tcp", strings.TrimPrefix(shared.url, "https://"), &tls.Config{RootCAs: pool, ServerName: name})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		conn.Close()
	}
}
