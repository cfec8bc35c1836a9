package kube

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/apiserver-builder/builder/proxy/internal/pki"
	"github.com/apiserver-builder/builder/proxy/proxytest"
)

const loopback = "127.0.0.1"

// controllers are the same ones as in aggregation-proxy.
var controllers = []string{
	"clusterrole-aggregation-controller",
	"endpointslice-mirroring-controller",
	"garbage-collector-controller",
	"namespace-controller",
	"resourcequota-controller",
	"root-ca-certificate-publisher-controller",
	"serviceaccount-controller",
}

// Cluster is the control plane of a cluster without nodes.
type Cluster struct {
	*proxytest.ControlPlane
	// Etcd and ControllerManager are the processes beside kube-apiserver. StartAPIServer does not start ControllerManager.
	Etcd, ControllerManager *os.Process
	// ReadyIn is the time from the start of etcd to the first success of kube-apiserver's /readyz.
	ReadyIn time.Duration
}

// Start starts etcd, kube-apiserver with additional arguments, and kube-controller-manager, on free loopback ports and with new
// certificates. It returns when they are ready. They end with the test.
func Start(t testing.TB, args ...string) *Cluster {
	t.Helper()
	c := StartAPIServer(t, args...)
	c.StartControllerManager(t)
	return c
}

// Start135 starts a cluster, like Start, with kube-apiserver of Kubernetes 1.35.
func Start135(t testing.TB) *Cluster {
	t.Helper()
	dir, err := build135()
	if err != nil {
		t.Fatal(err)
	}
	c := startAPIServer(t, filepath.Join(dir, apiServerProgram))
	c.StartControllerManager(t)
	return c
}

// StartAPIServer starts a cluster, like Start, without kube-controller-manager, which creates default ServiceAccounts and deletes
// namespaces.
func StartAPIServer(t testing.TB, args ...string) *Cluster {
	t.Helper()
	return startAPIServer(t, mustProgram(t, apiServerProgram), args...)
}

func startAPIServer(t testing.TB, program string, args ...string) *Cluster {
	t.Helper()
	dir := t.TempDir()
	certs := pki.Dir(filepath.Join(dir, "pki"))
	if err := (pki.Issuer{Dir: certs, Serving: servingNames()}).Ensure(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	c := newCluster(t, dir, certs)
	etcd := mustProgram(t, Etcd)
	started := time.Now()
	c.startEtcd(t, etcd, certs)
	ended := c.serve(t, program, EtcdURL(t, c.ControlPlane), certs, args...)
	c.ReadyIn = time.Since(started)
	c.awaitTrust(t, ended)
	return c
}

// Replica starts another kube-apiserver with the cluster's etcd. Another CA signs its front proxy's certificate.
func (c *Cluster) Replica(t testing.TB) *Cluster {
	t.Helper()
	dir := t.TempDir()
	certs := pki.Dir(filepath.Join(dir, "pki"))
	if err := os.CopyFS(string(certs), os.DirFS(filepath.Join(c.Dir, "pki"))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{pki.FrontProxyCA, pki.FrontProxyClient} {
		if err := errors.Join(os.Remove(certs.Cert(name)), os.Remove(certs.Key(name))); err != nil {
			t.Fatal(err)
		}
	}
	if err := (pki.Issuer{Dir: certs, Serving: servingNames()}).Ensure(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	replica := newCluster(t, dir, certs)
	replica.serve(t, mustProgram(t, apiServerProgram), EtcdURL(t, c.ControlPlane), certs)
	return replica
}

// newCluster returns the addresses and credentials of a control plane, without starting it.
func newCluster(t testing.TB, dir string, certs pki.Dir) *Cluster {
	t.Helper()
	pair := func(name string) proxytest.KeyPair {
		return proxytest.KeyPair{Cert: certs.Cert(name), Key: certs.Key(name)}
	}
	c := &Cluster{ControlPlane: &proxytest.ControlPlane{
		Name: proxytest.KubeAPIServer, URL: fmt.Sprintf("https://%s:%d", loopback, proxytest.FreePort(t)), Dir: dir, Kubeconfig: filepath.Join(dir, "kubeconfig"),
		ClientCA: pair(pki.ClientCA), FrontProxyCA: pair(pki.FrontProxyCA), FrontProxyClient: pair(pki.FrontProxyClient),
	}}
	c.writeKubeconfig(t, certs)
	return c
}

// serve starts kube-apiserver, and returns when it is ready.
func (c *Cluster) serve(t testing.TB, program, etcdURL string, certs pki.Dir, args ...string) (ended <-chan struct{}) {
	t.Helper()
	_, port, err := net.SplitHostPort(strings.TrimPrefix(c.URL, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	c.Process, ended = StartProcess(t, c.Dir, apiServerProgram, program, append(apiServerFlags(etcdURL, certs, port), args...)...)
	client := c.HTTPClient(t, "ready", "system:masters")
	await(t, "kube-apiserver's /readyz", ended, func(ctx context.Context) error { return getOK(ctx, client, c.URL+"/readyz") })
	return ended
}

func mustProgram(t testing.TB, name string) string {
	t.Helper()
	path, err := Program(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func servingNames() pki.Names {
	return pki.Names{
		DNS: []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"},
		IPs: []net.IP{net.ParseIP(loopback), net.IPv6loopback, net.ParseIP("10.0.0.1")},
	}
}

// startEtcd starts etcd without waiting for it. kube-apiserver waits, as when both are started at the same time.
func (c *Cluster) startEtcd(t testing.TB, program string, certs pki.Dir) {
	t.Helper()
	url := fmt.Sprintf("https://%s:%d", loopback, proxytest.FreePort(t))
	peers := fmt.Sprintf("http://%s:%d", loopback, proxytest.FreePort(t))
	c.Etcd, _ = StartProcess(t, c.Dir, "etcd", program,
		"--data-dir", filepath.Join(c.Dir, "etcd"), "--unsafe-no-fsync", "--log-level=error",
		"--listen-client-urls", url, "--advertise-client-urls", url,
		"--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", "default="+peers,
		"--cert-file", certs.Cert(pki.EtcdServer), "--key-file", certs.Key(pki.EtcdServer),
		"--trusted-ca-file", certs.Cert(pki.EtcdCA), "--client-cert-auth")
	if err := os.WriteFile(filepath.Join(c.Dir, "etcd.url"), []byte(url+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// EtcdURL returns the URL of a control plane's etcd, for clients with the certificate etcd-client in its pki folder.
func EtcdURL(t testing.TB, cp *proxytest.ControlPlane) string {
	t.Helper()
	url, err := os.ReadFile(filepath.Join(cp.Dir, "etcd.url"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(url))
}

// apiServerFlags returns the flags that correspond to aggregation-proxy's settings, and to kubeadm's.
func apiServerFlags(etcdURL string, certs pki.Dir, port string) []string {
	return []string{
		"--etcd-servers", etcdURL, "--etcd-cafile", certs.Cert(pki.EtcdCA),
		"--etcd-certfile", certs.Cert(pki.EtcdClient), "--etcd-keyfile", certs.Key(pki.EtcdClient),
		"--bind-address", loopback, "--secure-port", port, "--advertise-address", loopback,
		"--tls-cert-file", certs.Cert(pki.APIServer), "--tls-private-key-file", certs.Key(pki.APIServer),
		"--service-cluster-ip-range=10.0.0.0/16", "--endpoint-reconciler-type=none",
		"--authorization-mode=RBAC", "--client-ca-file", certs.Cert(pki.ClientCA),
		"--requestheader-client-ca-file", certs.Cert(pki.FrontProxyCA), "--requestheader-allowed-names", pki.FrontProxyClient,
		"--requestheader-username-headers=X-Remote-User", "--requestheader-uid-headers=X-Remote-Uid",
		"--requestheader-group-headers=X-Remote-Group", "--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file", certs.Cert(pki.FrontProxyClient), "--proxy-client-key-file", certs.Key(pki.FrontProxyClient),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file", certs.Key(pki.ServiceAccount), "--service-account-signing-key-file", certs.Key(pki.ServiceAccount),
	}
}

// StartControllerManager starts kube-controller-manager with the controllers of aggregation-proxy, and with additional ones. It returns when
// the namespace default has its ServiceAccount.
func (c *Cluster) StartControllerManager(t testing.TB, additional ...string) {
	t.Helper()
	var ended <-chan struct{}
	c.ControllerManager, ended = StartProcess(t, c.Dir, controllerManagerProgram, mustProgram(t, controllerManagerProgram),
		"--kubeconfig", c.Kubeconfig, "--controllers", strings.Join(slices.Concat(controllers, additional), ","), "--leader-elect=false", "--secure-port=0",
		"--root-ca-file", pki.Dir(filepath.Join(c.Dir, "pki")).Cert(pki.ServingCA))
	client := c.Client(t).CoreV1()
	await(t, "kube-controller-manager's first objects", ended, func(ctx context.Context) error {
		if _, err := client.ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{}); err != nil {
			return err
		}
		_, err := client.ConfigMaps(metav1.NamespaceDefault).Get(ctx, "kube-root-ca.crt", metav1.GetOptions{})
		return err
	})
}

// awaitTrust waits for the data that an extension-apiserver reads at its start, and for the namespace default. kube-apiserver
// writes them a moment after it is ready.
func (c *Cluster) awaitTrust(t testing.TB, ended <-chan struct{}) {
	t.Helper()
	client := c.Client(t).CoreV1()
	await(t, "kube-apiserver's first objects", ended, func(ctx context.Context) error {
		trust, err := client.ConfigMaps(metav1.NamespaceSystem).Get(ctx, "extension-apiserver-authentication", metav1.GetOptions{})
		if err != nil || trust.Data["requestheader-client-ca-file"] == "" {
			return fmt.Errorf("the front proxy's authority is not published: %w", err)
		}
		_, err = client.Namespaces().Get(ctx, metav1.NamespaceDefault, metav1.GetOptions{})
		return err
	})
}

func (c *Cluster) writeKubeconfig(t testing.TB, certs pki.Dir) {
	t.Helper()
	config := clientcmdapi.NewConfig()
	config.Clusters[c.Name] = &clientcmdapi.Cluster{Server: c.URL, CertificateAuthority: certs.Cert(pki.ServingCA)}
	config.AuthInfos[c.Name] = &clientcmdapi.AuthInfo{ClientCertificate: certs.Cert(pki.Admin), ClientKey: certs.Key(pki.Admin)}
	config.Contexts[c.Name] = &clientcmdapi.Context{Cluster: c.Name, AuthInfo: c.Name}
	config.CurrentContext = c.Name
	// HTTPClient reads the CA from the configuration, so it must be in the file.
	if err := clientcmdapi.FlattenConfig(config); err != nil {
		t.Fatal(err)
	}
	if err := clientcmd.WriteToFile(*config, c.Kubeconfig); err != nil {
		t.Fatal(err)
	}
}

func getOK(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", url, response.Status)
	}
	return nil
}
