package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
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

// lastEnd returns the latest expiry of the certificates in the folder that have less than a minute left. A slow start may have
// renewed a CA.
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

// TestOutlivesItsCertificates runs a proxy until every certificate from its start has expired, and two of its CAs. All clients must
// be served all the time: those that reload the kubeconfig, those with a token that reload the CA's file, those of etcd, and those
// of an extension-apiserver that verifies the front proxy.
func TestOutlivesItsCertificates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pki := filepath.Join(dir, "pki")
	if err := os.MkdirAll(pki, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, authority := range []string{"client-ca", "serving-ca"} {
		files := proxytest.KeyPair{Cert: filepath.Join(pki, authority+".crt"), Key: filepath.Join(pki, authority+".key")}
		files.WriteAuthority(t, authority, 18*time.Second)
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

// setNamespace changes the kubeconfig like "kubectl config set-context --current --namespace".
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
