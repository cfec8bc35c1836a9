// Package proxytest starts control planes and extension-apiservers for tests of the aggregation layer. A control plane is this
// project's aggregation-proxy or a real kube-apiserver. A test defines the handlers of an extension-apiserver.
package proxytest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	aggregator "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"
)

// The names of a ControlPlane.
const (
	AggregationProxy = "aggregation-proxy"
	KubeAPIServer    = "kube-apiserver"
)

// Patience limits waits in tests. It is more than ten times the usual duration, for busy machines.
const Patience = 90 * time.Second

// KeyPair contains the paths of a certificate and its private key, in PEM.
type KeyPair struct {
	Cert, Key string
}

// ControlPlane is a running control plane with an aggregation layer.
type ControlPlane struct {
	// Name is AggregationProxy or KubeAPIServer.
	Name string
	// URL is the server's URL, https://127.0.0.1:PORT.
	URL string
	// Dir is its data folder.
	Dir string
	// Kubeconfig is the path of a cluster-admin's kubeconfig.
	Kubeconfig string
	// ClientCA signs the certificates of clients. FrontProxyCA signs the client certificate of the aggregation layer,
	// FrontProxyClient.
	ClientCA, FrontProxyCA, FrontProxyClient KeyPair
	// SystemRoots is the CA that it trusts if no other is configured: the result of SystemRoots before the start.
	SystemRoots KeyPair
	// Process is the process of the server.
	Process *os.Process

	ended chan struct{} // closed after the end of the process that Start started
}

// Config returns a cluster-admin's configuration, without a rate limit.
func (cp *ControlPlane) Config(t testing.TB) *rest.Config {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", cp.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1
	return config
}

// Client returns a cluster-admin's client for the built-in groups.
func (cp *ControlPlane) Client(t testing.TB) kubernetes.Interface {
	t.Helper()
	client, err := kubernetes.NewForConfig(cp.Config(t))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// Aggregator returns a cluster-admin's client for APIServices.
func (cp *ControlPlane) Aggregator(t testing.TB) aggregator.Interface {
	t.Helper()
	client, err := aggregator.NewForConfig(cp.Config(t))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// TLSConfig returns the TLS configuration of a client, with a new certificate for the user. Without a user, it has no certificate.
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

// HTTPClient returns a client with its own connections and a new certificate. It does not follow redirects or request compression.
// Without a user, it is anonymous. Members of the group system:masters are administrators.
func (cp *ControlPlane) HTTPClient(t testing.TB, user string, groups ...string) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: cp.TLSConfig(t, user, groups...), ForceAttemptHTTP2: true, DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Namespace creates a namespace. It is not deleted after the test, because that would take a while.
func (cp *ControlPlane) Namespace(t testing.TB) string {
	t.Helper()
	namespace, err := cp.Client(t).CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return namespace.Name
}

// Eventually waits until done succeeds, and ends the test if it does not within the limit.
func Eventually(t testing.TB, what string, limit time.Duration, done func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	if err := Poll(ctx, done); err != nil {
		t.Fatalf("%s: not within %s: %v", what, limit, err)
	}
}

// Poll waits until done succeeds, like Eventually, in goroutines other than the test's. If ctx ends first, it returns the last error.
func Poll(ctx context.Context, done func(context.Context) error) error {
	const interval = 20 * time.Millisecond
	var last error
	err := wait.PollUntilContextCancel(ctx, interval, true, func(ctx context.Context) (bool, error) {
		err := done(ctx)
		if last == nil || ctx.Err() == nil { // otherwise, the error may only be that of ctx
			last = err
		}
		return err == nil, nil
	})
	if err != nil {
		return fmt.Errorf("%w (%w)", last, err)
	}
	return nil
}
