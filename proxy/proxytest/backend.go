package proxytest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// BackendOptions configures a Backend. All fields are optional.
type BackendOptions struct {
	// Namespace is the namespace of the Service. The default is a new one.
	Namespace string
	// Service is the name of the Service. The default is "backend".
	Service string
	// Group is the API group. The default is derived from the namespace.
	Group string
	// Versions are the versions of Group. The default is "v1".
	Versions []string
	// Address is the IP address to listen on. The default is 127.0.0.1.
	Address string
	// Port is the port to listen on. The default is a free port.
	Port int
	// HTTP1 disables HTTP/2.
	HTTP1 bool
	// ClientAuth is the policy for client certificates. By default, the backend verifies a certificate with the front proxy's CA if
	// there is one, and records it.
	ClientAuth tls.ClientAuthType
	// Resources are the resources in the discovery document of each version. The default is one namespaced resource "things".
	Resources []metav1.APIResource
}

// Backend is an extension-apiserver with handlers that a test defines. By default, it serves discovery of its group, and answers
// every other request with an Echo.
type Backend struct {
	// Options are the options it was started with, including defaults.
	Options BackendOptions
	// Authority signed its first certificate.
	Authority *Authority

	clientCAs *x509.CertPool

	lock        sync.Mutex
	certificate tls.Certificate
	handlers    map[string]http.HandlerFunc
	requests    []Request
	server      *http.Server
	listener    *listener
	life        context.Context // of the current run; its end ends requests that hang
	end         context.CancelFunc
}

// StartBackend starts a backend, which Register registers with the control plane. It ends with the test.
func StartBackend(t testing.TB, cp *ControlPlane, o BackendOptions) *Backend {
	t.Helper()
	if o.Namespace == "" {
		o.Namespace = cp.Namespace(t)
	}
	if o.Service == "" {
		o.Service = "backend"
	}
	if o.Group == "" {
		o.Group = o.Namespace + ".example.com"
	}
	if len(o.Versions) == 0 {
		o.Versions = []string{"v1"}
	}
	if o.Address == "" {
		o.Address = "127.0.0.1"
	}
	if o.ClientAuth == tls.NoClientCert {
		o.ClientAuth = tls.VerifyClientCertIfGiven
	}
	if len(o.Resources) == 0 {
		o.Resources = []metav1.APIResource{{Name: "things", SingularName: "thing", Namespaced: true, Kind: "Thing", Verbs: metav1.Verbs{"get", "list"}}}
	}
	pem, err := os.ReadFile(cp.FrontProxyCA.Cert)
	if err != nil {
		t.Fatal(err)
	}
	b := &Backend{Options: o, Authority: NewAuthority(t, o.Service), clientCAs: x509.NewCertPool(), handlers: map[string]http.HandlerFunc{}}
	b.clientCAs.AppendCertsFromPEM(pem)
	b.certificate = b.Authority.Serving(t, b.ServerName())
	b.Start(t)
	t.Cleanup(b.Stop)
	return b
}

// ServerName returns the name in its certificate.
func (b *Backend) ServerName() string { return b.Options.Service + "." + b.Options.Namespace + ".svc" }

// Path returns a path below that of the first group and version.
func (b *Backend) Path(elements ...string) string {
	return "/apis/" + b.Options.Group + "/" + strings.Join(append(b.Options.Versions[:1:1], elements...), "/")
}

// URL returns the backend's URL, for clients that connect to it directly.
func (b *Backend) URL() string { return "https://" + b.Addr() }

// Addr returns the address and port it listens on.
func (b *Backend) Addr() string {
	return net.JoinHostPort(b.Options.Address, itoa(b.Options.Port))
}

// Start starts a stopped backend on the same port.
func (b *Backend) Start(t testing.TB) {
	t.Helper()
	b.lock.Lock()
	defer b.lock.Unlock()
	var l net.Listener
	if b.Options.Port == 0 {
		l = listen(t, b.Options.Address)
		b.Options.Port = l.Addr().(*net.TCPAddr).Port
	} else {
		var err error
		if l, err = net.Listen("tcp", b.Addr()); err != nil {
			t.Fatal(err)
		}
	}
	b.life, b.end = context.WithCancel(context.Background())
	b.listener = newListener(l)
	life := b.life
	b.server = &http.Server{
		Handler:     http.HandlerFunc(b.serve),
		BaseContext: func(net.Listener) context.Context { return life },
		ErrorLog:    log.New(io.Discard, "", 0), // errors of probes that end with a test
		TLSConfig: &tls.Config{
			ClientCAs: b.clientCAs, ClientAuth: b.Options.ClientAuth,
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
				b.lock.Lock()
				defer b.lock.Unlock()
				certificate := b.certificate
				return &certificate, nil
			},
		},
	}
	if b.Options.HTTP1 {
		b.server.Protocols = new(http.Protocols)
		b.server.Protocols.SetHTTP1(true)
	}
	server, counted := b.server, b.listener
	go func() { _ = server.ServeTLS(counted, "", "") }() // it returns http.ErrServerClosed
}

// Stop stops the backend as kill -9 does: it closes the port and all connections, including upgraded ones.
func (b *Backend) Stop() {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.end()
	b.listener.freeze(false) // a frozen connection would delay the close
	_ = b.server.Close()
	b.listener.end()
}

// CloseConnections closes all connections. The backend still accepts new ones.
func (b *Backend) CloseConnections() { b.running().closeAll() }

// Freeze makes the backend behave like a stopped process: it accepts connections, but neither reads nor writes until Thaw.
func (b *Backend) Freeze() { b.running().freeze(true) }

// Thaw ends Freeze.
func (b *Backend) Thaw() { b.running().freeze(false) }

// OpenConnections returns the number of open connections.
func (b *Backend) OpenConnections() int { return b.running().open() }

// AcceptedConnections returns the number of connections accepted since the last start.
func (b *Backend) AcceptedConnections() int { return b.running().accepted() }

func (b *Backend) running() *listener {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.listener
}

// SetCertificate sets the certificate for new connections.
func (b *Backend) SetCertificate(certificate tls.Certificate) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.certificate = certificate
}

// Handle sets the handler of a path, or with nil, restores the default. A path without a leading slash is below that of the first
// group and version. Path() is the path of discovery and probes.
func (b *Backend) Handle(path string, handler http.HandlerFunc) {
	if !strings.HasPrefix(path, "/") {
		path = b.Path(path)
	}
	b.lock.Lock()
	defer b.lock.Unlock()
	b.handlers[path] = handler
}

// serve records the request and calls its handler.
func (b *Backend) serve(w http.ResponseWriter, r *http.Request) {
	b.lock.Lock()
	b.record(r)
	handler := b.handlers[r.URL.Path]
	b.lock.Unlock()
	if handler == nil {
		handler = b.Default
	}
	handler(w, r)
}

// Default serves a request as if its path had no handler. Handlers can call it.
func (b *Backend) Default(w http.ResponseWriter, r *http.Request) {
	if !b.serveDiscovery(w, r) {
		echo(w, r)
	}
}

// Request is a recorded request.
type Request struct {
	Method, Host, Proto, RemoteAddr string
	// Target is the path and query in the request line.
	Target string
	URL    *url.URL
	Header http.Header
	// ServerName is the server name in the TLS handshake.
	ServerName string
	// Peer is the verified client certificate, or nil.
	Peer *x509.Certificate
}

// recorded is the maximum number of recorded requests. Older ones are dropped.
const recorded = 10_000

// record records a request. The caller holds the lock.
func (b *Backend) record(r *http.Request) {
	request := Request{
		Method: r.Method, Host: r.Host, Proto: r.Proto, RemoteAddr: r.RemoteAddr,
		Target: r.RequestURI, URL: r.URL, Header: r.Header.Clone(), ServerName: r.TLS.ServerName,
	}
	if len(r.TLS.PeerCertificates) > 0 {
		request.Peer = r.TLS.PeerCertificates[0]
	}
	if len(b.requests) == recorded {
		b.requests = append(b.requests[:0], b.requests[recorded/2:]...)
	}
	b.requests = append(b.requests, request)
}

// Requests returns the recorded requests for a path, oldest first. A path without a leading slash is below that of the first group
// and version.
func (b *Backend) Requests(path string) []Request {
	if !strings.HasPrefix(path, "/") {
		path = b.Path(path)
	}
	b.lock.Lock()
	defer b.lock.Unlock()
	var requests []Request
	for _, r := range b.requests {
		if r.URL.Path == path {
			requests = append(requests, r)
		}
	}
	return requests
}
