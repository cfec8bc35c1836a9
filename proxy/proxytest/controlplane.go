// Package proxytest starts control planes and extension-apiservers for tests of the aggregation layer: the one is this
// project's aggregation-proxy or a real kube-apiserver, the other does whatever a test tells it to.
package proxytest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	aggregator "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"
)

// What a ControlPlane is called.
const (
	AggregationProxy = "aggregation-proxy"
	KubeAPIServer    = "kube-apiserver"
)

// Patience covers a machine busy with other things; nothing here takes a tenth of it otherwise.
const Patience = 90 * time.Second

// KeyPair is the files of a certificate and its private key, PEM.
type KeyPair struct {
	Cert, Key string
}

// ControlPlane is a running aggregation layer with what is behind it.
type ControlPlane struct {
	// Name is AggregationProxy or KubeAPIServer.
	Name string
	// URL is where it serves, https://127.0.0.1:PORT.
	URL string
	// Dir is its data folder.
	Dir string
	// Kubeconfig is the file of a cluster-admin's.
	Kubeconfig string
	// ClientCA signs clients' certificates, FrontProxyCA the one the aggregation layer shows, FrontProxyClient.
	ClientCA, FrontProxyCA, FrontProxyClient KeyPair
	// SystemRoots signs what it trusts for want of another authority: what SystemRoots returned before it was started.
	SystemRoots KeyPair
	// Process serves.
	Process *os.Process

	ended chan struct{} // closed when the process that Start started has been waited for
}

// Config is the cluster-admin's, without a limit on requests per second.
func (cp *ControlPlane) Config(t testing.TB) *rest.Config {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", cp.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1
	return config
}

// Client is the cluster-admin's, for the groups every cluster has.
func (cp *ControlPlane) Client(t testing.TB) kubernetes.Interface {
	t.Helper()
	client, err := kubernetes.NewForConfig(cp.Config(t))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// Aggregator is the cluster-admin's client for APIServices.
func (cp *ControlPlane) Aggregator(t testing.TB) aggregator.Interface {
	t.Helper()
	client, err := aggregator.NewForConfig(cp.Config(t))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// TLSConfig is that of a client with a new certificate for the user; without a user it has none.
func (cp *ControlPlane) TLSConfig(t testing.TB, user string, groups ...string) *tls.Config {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(cp.Config(t).CAData)
	config := &tls.Config{RootCAs: pool}
	if user != "" {
		config.Certificates = []tls.Certificate{cp.ClientCA.issue(t, clientTemplate(user, groups))}
	}
	return config
}

// HTTPClient has connections and a new client certificate of its own, and does nothing unasked: it neither follows
// redirects nor asks for compression. Without a user it is anonymous. Membership in group system:masters makes an administrator.
func (cp *ControlPlane) HTTPClient(t testing.TB, user string, groups ...string) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: cp.TLSConfig(t, user, groups...), ForceAttemptHTTP2: true, DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Namespace makes one for the test; it is left to the end of the control plane, for deleting it would take a while.
func (cp *ControlPlane) Namespace(t testing.TB) string {
	t.Helper()
	namespace, err := cp.Client(t).CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return namespace.Name
}

// Eventually waits for something that happens by itself, and ends the test when it has not within the limit.
func Eventually(t testing.TB, what string, limit time.Duration, done func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	var last error
	for {
		err := done(ctx)
		if err == nil {
			return
		}
		if last == nil || ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within %s: %v", what, limit, last)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
