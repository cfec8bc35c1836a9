package bench

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/apiserver-builder/builder/proxy/oracle/kube"
	"github.com/apiserver-builder/builder/proxy/pki"
	"github.com/apiserver-builder/builder/proxy/proxytest"
)

const (
	// What the extension-apiserver serves, and as what it is known.
	group, version = "wardle.example.com", "v1alpha1"
	namespace      = "default"
	service        = "sample"
	// connections are to each target, all with certificates of their own.
	connections = 4
)

// A target is where requests go.
type target struct {
	name, url string
	// proxy is the process whose work and growth counts, nil when there is none.
	proxy *os.Process
	// controlPlane is all processes of the control plane.
	controlPlane []*os.Process
}

// setup is the two control planes with one extension-apiserver behind both, and that one itself.
type setup struct {
	targets []target
	// direct is where the extension-apiserver serves, extension its process and its etcd's, and self this one.
	direct          string
	extension, self []*os.Process
	// trusted has the authorities that all of them share: so the same clients are welcome everywhere.
	trusted *proxytest.ControlPlane
}

// useBuiltProxy has proxytest start the program that make built, or builds it: no start of it must include that.
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
	real := kube.StartAPIServer(b)
	data := b.TempDir()
	copyCertificates(b, real.Dir, data)
	ours := proxytest.Start(b, "--data-dir", data)

	// What it costs to be asked by the extension-apiserver, which is little, is on our side.
	direct, processes := startExtension(b, ours)
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		b.Fatal(err)
	}
	s := &setup{
		targets: []target{
			{ours.Name, ours.URL, ours.Process, []*os.Process{ours.Process}},
			{real.Name, real.URL, real.Process, []*os.Process{real.Process, real.Etcd}},
			{"direct", direct.URL(), nil, nil},
		},
		direct:    direct.URL(),
		extension: processes,
		self:      []*os.Process{self},
		trusted:   real.ControlPlane,
	}
	for _, cp := range []*proxytest.ControlPlane{ours, real.ControlPlane} {
		direct.Register(b, cp)
	}
	s.createObjects(b)
	return s
}

// clients are new ones, with a connection each.
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

// startExtension starts k8s.io/sample-apiserver with an etcd of its own. It asks the control plane whom to trust.
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
