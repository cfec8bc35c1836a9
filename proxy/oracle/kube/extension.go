package kube

import (
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"

	"github.com/apiserver-builder/builder/proxy/internal/pki"
	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// Extension is an extension-apiserver that runs on this machine behind a control plane.
type Extension struct {
	// Name is the name of its Service, and Namespace the Service's namespace.
	Name, Namespace string
	// Group and Versions are its API. The preferred version comes first.
	Group    string
	Versions []string
	// Program builds the program and returns its path.
	Program func() (string, error)
}

// Sample returns the published k8s.io/sample-apiserver.
func Sample() Extension {
	return Extension{
		Name: "api", Namespace: "wardle", Group: "wardle.example.com", Versions: []string{"v1beta1", "v1alpha1"},
		Program: func() (string, error) { return Program(SampleAPIServer) },
	}
}

// Fruit returns the apiserver of examples/fruit, a project that builder generated.
func Fruit() Extension {
	return Extension{
		Name: "shop-apiserver", Namespace: "shop-system", Group: "fruit.example.com", Versions: []string{"v1beta1", "v1alpha1"},
		Program: func() (string, error) { return ProgramOf("examples/fruit", "./cmd/apiserver") },
	}
}

// Wardle returns the apiserver of examples/wardle, a project that builder generated to serve the same API as Sample.
func Wardle() Extension {
	wardle := Sample()
	wardle.Program = func() (string, error) { return ProgramOf("examples/wardle", "./cmd/apiserver") }
	return wardle
}

// RunningExtension is an Extension that serves.
type RunningExtension struct {
	Extension
	// URL is its own URL, for direct clients. The CA in PEM verifies it.
	URL     string
	CA      []byte
	Process *os.Process
}

// Start runs the extension-apiserver with the control plane's etcd, as an administrator, and with additional arguments. It
// registers it and waits until it is served. It ends with the test.
func (e Extension) Start(t testing.TB, cp *proxytest.ControlPlane, args ...string) *RunningExtension {
	t.Helper()
	program, err := e.Program()
	if err != nil {
		t.Fatal(err)
	}
	authority := proxytest.NewAuthority(t, e.Name)
	dir := t.TempDir()
	cert, key := WritePair(t, dir, authority.Serving(t, e.Name+"."+e.Namespace+".svc", "localhost"))
	port := proxytest.FreePort(t)
	running := &RunningExtension{Extension: e, URL: fmt.Sprintf("https://localhost:%d", port), CA: authority.PEM}
	flags := append(ServingFlags(port, cert, key), ClientFlags(t, cp, cp.Kubeconfig)...)
	var ended <-chan struct{}
	running.Process, ended = StartProcess(t, dir, e.Name, program, slices.Concat(flags, []string{"--etcd-prefix", "/" + e.Group}, args)...)
	e.register(t, cp, int32(port), authority.PEM)
	for _, version := range e.Versions {
		cp.WaitCondition(t, version+"."+e.Group, "", func(c apiregistrationv1.APIServiceCondition) bool {
			return c.Status == apiregistrationv1.ConditionTrue
		})
		path := "/apis/" + e.Group + "/" + version
		await(t, "GET "+path, ended, func(ctx context.Context) error {
			return cp.Client(t).Discovery().RESTClient().Get().AbsPath(path).Do(ctx).Error()
		})
	}
	return running
}

// ServingFlags returns the flags with the address and certificate of an extension-apiserver on this machine.
func ServingFlags(port int, cert, key string) []string {
	return []string{"--bind-address", loopback, "--secure-port", fmt.Sprint(port), "--tls-cert-file", cert, "--tls-private-key-file", key}
}

// ClientFlags returns the flags with which an extension-apiserver uses a control plane, as the user in the kubeconfig, and its
// etcd.
func ClientFlags(t testing.TB, cp *proxytest.ControlPlane, kubeconfig string) []string {
	t.Helper()
	certs := pki.Dir(filepath.Join(cp.Dir, "pki"))
	return []string{
		"--kubeconfig", kubeconfig, "--authentication-kubeconfig", kubeconfig, "--authorization-kubeconfig", kubeconfig,
		"--etcd-servers", EtcdURL(t, cp), "--etcd-cafile", certs.Cert(pki.EtcdCA),
		"--etcd-certfile", certs.Cert(pki.EtcdClient), "--etcd-keyfile", certs.Key(pki.EtcdClient),
	}
}

// register registers it with a Service that is an ExternalName for localhost.
func (e Extension) register(t testing.TB, cp *proxytest.ControlPlane, port int32, ca []byte) {
	t.Helper()
	core := cp.Client(t).CoreV1()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: e.Namespace}}
	if _, err := core.Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: e.Name},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "localhost"},
	}
	if _, err := core.Services(e.Namespace).Create(t.Context(), service, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	for i, version := range e.Versions {
		cp.CreateAPIService(t, &apiregistrationv1.APIService{
			ObjectMeta: metav1.ObjectMeta{Name: version + "." + e.Group},
			Spec: apiregistrationv1.APIServiceSpec{
				Group: e.Group, Version: version, GroupPriorityMinimum: 1000, VersionPriority: int32(100 - i), CABundle: ca,
				Service: &apiregistrationv1.ServiceReference{Namespace: e.Namespace, Name: e.Name, Port: &port},
			},
		})
	}
}

// WritePair writes a certificate and its key to files in dir.
func WritePair(t testing.TB, dir string, pair tls.Certificate) (cert, key string) {
	t.Helper()
	der, err := x509.MarshalECPrivateKey(pair.PrivateKey.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("serving.crt", "CERTIFICATE", pair.Certificate[0]), write("serving.key", "EC PRIVATE KEY", der)
}
