package oracle

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"k8s.io/client-go/rest"

	"github.com/apiserver-builder/builder/proxy/internal/pki"
	"github.com/apiserver-builder/builder/proxy/oracle/kube"
	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// example is a project that builder generated.
type example struct {
	// dir is relative to this repository's root. project is the name in its PROJECT file.
	dir, project string
}

var examples = []example{{"examples/fruit", "shop"}, {"examples/wardle", "wardle"}, {"examples/shop", "shop"}}

// start applies the example's config, runs its programs on this machine with the ServiceAccounts in config, and waits until it is
// served.
func (e example) start(t *testing.T, cp *proxytest.ControlPlane, kubectl kubectl) {
	t.Helper()
	e.apply(t, kubectl)
	e.serve(t, cp, kubectl)
	e.control(t, kubectl)
}

// apply applies the example's config.
func (e example) apply(t *testing.T, kubectl kubectl) {
	t.Helper()
	kubectl.must(t, "apply", "-k", e.config(t))
}

func (e example) config(t *testing.T) string {
	t.Helper()
	root, err := kube.RootDir()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, e.dir, "config", "base")
}

// control runs the controllers.
func (e example) control(t *testing.T, kubectl kubectl) {
	t.Helper()
	e.run(t, t.TempDir(), "controller-manager", "--kubeconfig", kubectl.serviceAccount(t, e.project+"-system", e.project+"-controller-manager"), "--health-probe-bind-address=0")
}

// serve runs the apiserver after config has been applied, and waits until it is served. As in a cluster, it keeps its certificate in a Secret.
func (e example) serve(t *testing.T, cp *proxytest.ControlPlane, kubectl kubectl) served {
	t.Helper()
	namespace, apiserver := e.project+"-system", e.project+"-apiserver"

	// The Service refers to this machine instead of Pods.
	kubectl.must(t, "delete", "service", apiserver, "-n", namespace)
	kubectl.must(t, "create", "service", "externalname", apiserver, "-n", namespace, "--external-name=localhost")
	port, server := proxytest.FreePort(t), apiserver+"."+namespace+".svc"
	apiservices := strings.Fields(kubectl.must(t, "create", "--dry-run=client", "--output=name",
		"--filename", filepath.Join(e.config(t), "apiserver", "zz_generated.apiservices.yaml")))
	for _, apiservice := range apiservices {
		kubectl.must(t, "patch", apiservice, "--type=merge", "-p", fmt.Sprintf(`{"spec":{"service":{"port":%d}}}`, port))
	}

	dir := t.TempDir()
	kubeconfig := kubectl.serviceAccount(t, namespace, apiserver)
	certificates := apiserver + "-certificates"
	flags := []string{"--bind-address=127.0.0.1", fmt.Sprint("--secure-port=", port), "--certificate-secret=" + namespace + "/" + certificates}
	e.run(t, dir, "apiserver", append(flags, kube.ClientFlags(t, cp, kubeconfig)...)...)
	for _, apiservice := range apiservices {
		kubectl.must(t, "wait", "--for=condition=Available", "--timeout="+proxytest.Patience.String(), apiservice)
		_, name, _ := strings.Cut(apiservice, "/")
		version, group, _ := strings.Cut(name, ".")
		path := "/apis/" + group + "/" + version
		// kube-apiserver reports it as available a moment before it forwards requests.
		proxytest.Eventually(t, "GET "+path, proxytest.Patience, func(ctx context.Context) error {
			_, err := kubectl.run(ctx, "get", "--raw", path)
			return err
		})
	}
	ca, err := base64.StdEncoding.DecodeString(kubectl.must(t, "get", "secret", certificates, "-n", namespace, "-o", `jsonpath={.data.ca\.crt}`))
	if err != nil {
		t.Fatal(err)
	}
	admin := cp.TLSConfig(t, "admin", "system:masters")
	admin.RootCAs, admin.ServerName = x509.NewCertPool(), server
	admin.RootCAs.AppendCertsFromPEM(ca)
	return served{
		url: fmt.Sprintf("https://localhost:%d", port), log: filepath.Join(dir, "apiserver.log"),
		client: &http.Client{Transport: &http.Transport{TLSClientConfig: admin}},
	}
}

// run runs a program of the example.
func (e example) run(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	program, err := kube.ProgramOf(e.dir, "./cmd/"+name)
	if err != nil {
		t.Fatal(err)
	}
	kube.StartProcess(t, dir, name, program, args...)
}

// compact makes etcd drop its first revisions, as kube-apiserver does some minutes later.
func compact(t *testing.T, cp *proxytest.ControlPlane) {
	t.Helper()
	if _, err := etcdClient(t, cp).Compact(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
}

// etcdClient returns a client of the control plane's etcd.
func etcdClient(t *testing.T, cp *proxytest.ControlPlane) *clientv3.Client {
	t.Helper()
	certs := pki.Dir(filepath.Join(cp.Dir, "pki"))
	tls, err := rest.TLSConfigFor(&rest.Config{TLSClientConfig: rest.TLSClientConfig{
		CAFile: certs.Cert(pki.EtcdCA), CertFile: certs.Cert(pki.EtcdClient), KeyFile: certs.Key(pki.EtcdClient),
	}})
	if err != nil {
		t.Fatal(err)
	}
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{kube.EtcdURL(t, cp)}, TLS: tls})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}
