package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/cert"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// shortAuthority makes an authority that the proxy finds, and that it has to renew in the last third of its life.
func shortAuthority(t *testing.T, dir, name string, life time.Duration) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now(), NotAfter: time.Now().Add(life),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{name + ".crt": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "EC PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// lastEnd is when the last of the certificates in the folder ends that have less than a minute left: a slow start may have renewed
// an authority.
func lastEnd(t *testing.T, pki string) time.Time {
	t.Helper()
	var last time.Time
	for _, name := range []string{"admin", "apiserver", "front-proxy-client", "etcd-server", "etcd-client", "client-ca", "serving-ca"} {
		certs, err := cert.ParseCertsPEM(read(t, pki, name+".crt"))
		if err != nil {
			t.Fatal(err)
		}
		if end := certs[0].NotAfter; end.After(last) && time.Until(end) < time.Minute {
			last = end
		}
	}
	if last.IsZero() {
		t.Fatal("no certificate ends within a minute")
	}
	return last
}

// TestOutlivesItsCertificates runs a proxy past the end of every certificate that it started with, and of two authorities,
// and wants everyone to be served all the time: those who read the kubeconfig again, those with a token who read the authority's
// file again, those at etcd, and those behind an extension-apiserver that verifies who the front proxy is.
func TestOutlivesItsCertificates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pki := filepath.Join(dir, "pki")
	if err := os.MkdirAll(pki, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, authority := range []string{"client-ca", "serving-ca"} {
		shortAuthority(t, pki, authority, 18*time.Second)
	}
	p := start(t, dir, "--certificate-validity", "12s")
	last := lastEnd(t, pki)

	setNamespace(t, filepath.Join(dir, "kubeconfig"), "mine")
	b := proxytest.StartBackend(t, p.plane(), proxytest.BackendOptions{ClientAuth: tls.RequireAndVerifyClientCert})
	b.Register(t, p.plane())
	b.WaitServed(t, p.plane())
	lasting := token(t, p.config(t), metav1.NamespaceDefault, "default")
	lasting.CAFile, lasting.CAData = filepath.Join(pki, "serving-ca.crt"), nil
	account, etcd := clientFor(t, lasting), etcdClient(t, dir, true)
	for rounds := 0; time.Now().Before(last.Add(time.Second)); rounds++ {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		var status int
		err := errors.Join(
			p.client(t).RESTClient().Get().AbsPath(b.Path("things")).Do(ctx).StatusCode(&status).Error(),
			account.RESTClient().Get().AbsPath("/api").Do(ctx).Error(),
			readsEtcd(ctx, etcd),
		)
		cancel()
		if err != nil || status != http.StatusOK {
			t.Fatalf("round %d, %s before the end of the last certificate of the start: %d, %v", rounds, time.Until(last), status, err)
		}
		if rounds%8 == 0 {
			etcd = etcdClient(t, dir, true)
		}
		requests := b.Requests("things")
		if shown := requests[len(requests)-1].Peer; time.Now().After(shown.NotAfter) {
			t.Errorf("the extension-apiserver was shown a certificate that ended %s ago", time.Since(shown.NotAfter))
		}
		time.Sleep(250 * time.Millisecond)
	}
	trust, err := p.client(t).CoreV1().ConfigMaps("kube-system").Get(t.Context(), "extension-apiserver-authentication", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	certs, err := cert.ParseCertsPEM([]byte(trust.Data["client-ca-file"]))
	if err != nil || !slices.ContainsFunc(certs, func(c *x509.Certificate) bool { return c.NotAfter.After(time.Now()) }) {
		t.Errorf("the authorities that extension-apiservers are to trust have ended: %v, %v", certs, err)
	}
	if kubeconfig, err := clientcmd.LoadFromFile(filepath.Join(dir, "kubeconfig")); err != nil || kubeconfig.Contexts["aggregation-proxy"].Namespace != "mine" {
		t.Errorf("the kubeconfig has lost what its owner set: %v", err)
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
	if strings.Contains(p.stderr.String(), "certificate") {
		t.Errorf("stderr: %s", p.stderr)
	}
}

// setNamespace does what "kubectl config set-context --current --namespace" does.
func setNamespace(t *testing.T, path, namespace string) {
	t.Helper()
	kubeconfig, err := clientcmd.LoadFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig.Contexts[kubeconfig.CurrentContext].Namespace = namespace
	if err := clientcmd.WriteToFile(*kubeconfig, path); err != nil {
		t.Fatal(err)
	}
}

func readsEtcd(ctx context.Context, client *clientv3.Client) error {
	_, err := client.Get(ctx, "/registry/namespaces/default")
	return err
}
