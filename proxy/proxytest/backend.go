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

// BackendOptions are what a Backend can't change once it is started. The zero value is a good one.
type BackendOptions struct {
	// Namespace has the Service; "" makes a new one.
	Namespace string
	// Service is its name; "" is "backend".
	Service string
	// Group is what the backend serves; "" takes one named after the namespace.
	Group string
	// Versions are of Group; none is "v1".
	Versions []string
	// Address is the IP address to listen on; "" is 127.0.0.1.
	Address string
	// Port is the port to listen on; 0 takes a free one.
	Port int
	// HTTP1 keeps the backend from offering HTTP/2.
	HTTP1 bool
	// ClientAuth is what the backend asks of its clients: by default it verifies a certificate against the front-proxy
	// authority when there is one, and records it.
	ClientAuth tls.ClientAuthType
	// Resources are what discovery says of each version; none is one namespaced resource "things".
	Resources []metav1.APIResource
}

// Backend is an extension-apiserver that does what a test tells it to. By default it serves discovery of its group, and
// echoes every other request as an Echo.
type Backend struct {
	// Options are those it was started with, completed.
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
	life        context.Context // of what runs now: a stopped backend lets nobody hang
	end         context.CancelFunc
}

// StartBackend starts a backend that the control plane can be told of with Register. It ends with the test.
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

// ServerName is what its certificate has to be for.
func (b *Backend) ServerName() string { return b.Options.Service + "." + b.Options.Namespace + ".svc" }

// Path is a path below that of the first group and version.
func (b *Backend) Path(elements ...string) string {
	return "/apis/" + b.Options.Group + "/" + strings.Join(append(b.Options.Versions[:1:1], elements...), "/")
}

// URL is the backend's own, for clients that go there directly.
func (b *Backend) URL() string { return "https://" + b.Addr() }

// Addr is the address and port it listens on.
func (b *Backend) Addr() string {
	return net.JoinHostPort(b.Options.Address, itoa(b.Options.Port))
}

// Start starts a stopped backend again, on the same port.
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
		ErrorLog:    log.New(io.Discard, "", 0), // of probes that end when a test does
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
	go func() { _ = server.ServeTLS(counted, "", "") }() // it ends with the error that it was closed
}

// Stop ends the backend as kill -9 does: it closes the port and every connection, upgraded ones too.
func (b *Backend) Stop() {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.end()
	b.listener.freeze(false) // else closing waits to say goodbye
	_ = b.server.Close()
	b.listener.end()
}

// CloseConnections ends every connection, and goes on serving.
func (b *Backend) CloseConnections() { b.running().closeAll() }

// Freeze makes the backend neither read nor answer, as a process does that is stopped: connections are still accepted,
// and nothing happens on them until Thaw.
func (b *Backend) Freeze() { b.running().freeze(true) }

// Thaw ends what Freeze began.
func (b *Backend) Thaw() { b.running().freeze(false) }

// OpenConnections is how many connections are open now.
func (b *Backend) OpenConnections() int { return b.running().open() }

// AcceptedConnections is how many connections there have been since it last started.
func (b *Backend) AcceptedConnections() int { return b.running().accepted() }

func (b *Backend) running() *listener {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.listener
}

// SetCertificate is what new connections are shown from now on.
func (b *Backend) SetCertificate(certificate tls.Certificate) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.certificate = certificate
}

// Handle makes the backend answer requests for a path with handler, or as by default with none. A path that does not
// begin with a slash is below that of the first group and version; discovery and probes come by Handle too, at Path().
func (b *Backend) Handle(path string, handler http.HandlerFunc) {
	if !strings.HasPrefix(path, "/") {
		path = b.Path(path)
	}
	b.lock.Lock()
	defer b.lock.Unlock()
	b.handlers[path] = handler
}

// serve records the request, and does as told or as by default.
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

// Default is what the backend does with requests that no Handle is for, for handlers that do something before.
func (b *Backend) Default(w http.ResponseWriter, r *http.Request) {
	if !b.serveDiscovery(w, r) {
		echo(w, r)
	}
}

// Request is what the backend records of one.
type Request struct {
	Method, Host, Proto, RemoteAddr string
	// Target is the request's path and query as they came.
	Target string
	URL    *url.URL
	Header http.Header
	// ServerName is the one the client asked for in the TLS handshake.
	ServerName string
	// Peer is the verified certificate of the client, nil when there was none.
	Peer *x509.Certificate
}

// recorded is how many requests are remembered; older ones are forgotten.
const recorded = 10_000

// record needs the lock.
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

// Requests are those for a path, oldest first; a path that does not begin with a slash is below that of the first group
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
