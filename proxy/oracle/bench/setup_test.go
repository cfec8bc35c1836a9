package bench

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/apiserver-builder/builder/proxy/internal/pki"
	"github.com/apiserver-builder/builder/proxy/oracle/kube"
	"github.com/apiserver-builder/builder/proxy/proxytest"
)

const (
	// The API of the extension-apiserver, and the name of its Service.
	group, version = "wardle.example.com", "v1alpha1"
	namespace      = "default"
	service        = "sample"
	// connections is the number of connections to each target. Each has its own certificate.
	connections = 4
)

// target is the destination of requests.
type target struct {
	name, url string
	// proxy is the measured process, or nil if there is none.
	proxy *os.Process
	// controlPlane contains all processes of the control plane.
	controlPlane []*os.Process
}

// setup contains the two control planes and the extension-apiserver behind both.
type setup struct {
	targets []target
	// direct is the URL of the extension-apiserver, extension its process and its etcd's, and self this process.
	direct          string
	extension, self []*os.Process
	// trusted contains the CAs, which are the same for all targets, so all accept the same clients.
	trusted *proxytest.ControlPlane
}

// useBuiltProxy makes proxytest start the program that make built, or builds it, so that the measured start does not include the
// build.
func useBuiltProxy(b *testing.B) {
	b.Helper()
	const variable = "AGGREGATION_PROXY"
	if os.Getenv(variable) != "" {
		return
	}
	program, err := kube.ProgramOf("cmd", "./aggregation-proxy")
	if err != nil {
		b.Fatal(err)
	}
	b.Setenv(variable, program)
}

func newSetup(b *testing.B) *setup {
	b.Helper()
	stock := kube.StartAPIServer(b)
	data := b.TempDir()
	copyCertificates(b, stock.Dir, data)
	ours := proxytest.Start(b, "--data-dir", data)

	// This control plane serves the extension-apiserver's reviews. They take little of its time.
	direct, processes := startExtension(b, ours)
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		b.Fatal(err)
	}
	s := &setup{
		targets: []target{
			{ours.Name, ours.URL, ours.Process, []*os.Process{ours.Process}},
			{stock.Name, stock.URL, stock.Process, []*os.Process{stock.Process, stock.Etcd}},
			{"direct", direct.URL(), nil, nil},
		},
		direct:    direct.URL(),
		extension: processes,
		self:      []*os.Process{self},
		trusted:   stock.ControlPlane,
	}
	for _, cp := range []*proxytest.ControlPlane{ours, stock.ControlPlane} {
		direct.Register(b, cp)
	}
	s.createObjects(b)
	return s
}

// clients returns new clients with one connection each.
func (s *setup) clients(b *testing.B) []*http.Client {
	b.Helper()
	var clients []*http.Client
	for range connections {
		clients = append(clients, s.trusted.HTTPClient(b, "bench", "system:masters"))
	}
	return clients
}

func copyCertificates(b *testing.B, from, to string) {
	b.Helper()
	if err := os.CopyFS(filepath.Join(to, "pki"), os.DirFS(filepath.Join(from, "pki"))); err != nil {
		b.Fatal(err)
	}
}

// startExtension starts k8s.io/sample-apiserver with its own etcd. It gets its trusted CAs from the control plane.
func startExtension(b *testing.B, cp *proxytest.ControlPlane) (*proxytest.Backend, []*os.Process) {
	b.Helper()
	dir := b.TempDir()
	copyCertificates(b, cp.Dir, dir)
	certs := pki.Dir(filepath.Join(dir, "pki"))
	backend := &proxytest.Backend{
		Options: proxytest.BackendOptions{
			Namespace: namespace, Service: service, Group: group, Versions: []string{version},
			Address: "127.0.0.1", Port: proxytest.FreePort(b),
		},
		Authority: &proxytest.Authority{PEM: cp.Config(b).CAData},
	}
	if err := (pki.Issuer{Dir: certs, Serving: pki.Names{DNS: []string{backend.ServerName()}}}).Ensure(b.Context(), time.Now()); err != nil {
		b.Fatal(err)
	}
	client, peer := fmt.Sprintf("https://127.0.0.1:%d", proxytest.FreePort(b)), fmt.Sprintf("http://127.0.0.1:%d", proxytest.FreePort(b))
	etcd := start(b, dir, "server",
		"--data-dir", filepath.Join(dir, "etcd"), "--unsafe-no-fsync", "--log-level=error",
		"--listen-client-urls", client, "--advertise-client-urls", client,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default="+peer,
		"--cert-file", certs.Cert(pki.EtcdServer), "--key-file", certs.Key(pki.EtcdServer),
		"--trusted-ca-file", certs.Cert(pki.EtcdCA), "--client-cert-auth")
	server := start(b, dir, kube.SampleAPIServer,
		"--bind-address", backend.Options.Address, "--secure-port", fmt.Sprint(backend.Options.Port),
		"--tls-cert-file", certs.Cert(pki.APIServer), "--tls-private-key-file", certs.Key(pki.APIServer),
		"--kubeconfig", cp.Kubeconfig, "--authentication-kubeconfig", cp.Kubeconfig, "--authorization-kubeconfig", cp.Kubeconfig,
		"--etcd-servers", client, "--etcd-cafile", certs.Cert(pki.EtcdCA),
		"--etcd-certfile", certs.Cert(pki.EtcdClient), "--etcd-keyfile", certs.Key(pki.EtcdClient),
		"--delete-collection-workers=16")
	return backend, []*os.Process{server, etcd}
}

func start(b *testing.B, dir, name string, args ...string) *os.Process {
	b.Helper()
	program, err := kube.Program(name)
	if err != nil {
		b.Fatal(err)
	}
	process, _ := kube.StartProcess(b, dir, name, program, args...)
	return process
}
