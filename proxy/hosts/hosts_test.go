package hosts_test

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// port is the port of the backends. No other process on their hosts uses it.
const port = 8443

// backendFlag makes this test binary run as a backend. Its arguments are the host's name, the group, and the files of a
// certificate.
const backendFlag = "as-backend"

func TestMain(m *testing.M) {
	if len(os.Args) == 6 && os.Args[1] == backendFlag {
		if err := serve(os.Args[2], os.Args[3], os.Args[4], os.Args[5]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serve runs an extension-apiserver that responds with its host's name, until its standard input ends.
func serve(host, group, cert, key string) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /apis/"+group+"/v1", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(metav1.APIResourceList{
			TypeMeta:     metav1.TypeMeta{APIVersion: "v1", Kind: "APIResourceList"},
			GroupVersion: group + "/v1",
		})
	})
	mux.HandleFunc("GET /apis/"+group+"/v1/host", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			proxytest.Raw("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: name\r\n\r\n"+host)(w, r)
			return
		}
		_, _ = io.WriteString(w, host)
	})
	mux.HandleFunc("GET /apis/"+group+"/v1/watched", tick)
	mux.HandleFunc("GET /apis/"+group+"/v1/echo", proxytest.EchoUpgrade)
	listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
	if err != nil {
		return err
	}
	fmt.Println("listening")
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = listener.Close()
	}()
	server := &http.Server{Handler: mux, ErrorLog: log.New(io.Discard, "", 0)}
	_ = server.ServeTLS(listener, cert, key)
	return nil
}

// tick sends a line at intervals, until the request ends.
func tick(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		_, _ = io.WriteString(w, "tick\n")
		_ = http.NewResponseController(w).Flush()
		time.Sleep(100 * time.Millisecond)
	}
}

// host is a network namespace that is connected by a virtual cable.
type host struct {
	name, address string
	command       []string // the backend
	process       *exec.Cmd
}

// newHosts creates hosts that run the backend.
func newHosts(t *testing.T, n int, b *proxytest.Backend) []*host {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root may make the network namespaces that are the hosts here")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("the command ip, of iproute2, makes the network namespaces that are the hosts here")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cert, key := certificate(t, b)
	var hosts []*host
	for i := range n {
		h := &host{name: fmt.Sprintf("h%d-%d", os.Getpid()%100_000, i)}
		// This range is reserved for network benchmarks, so no local network uses it.
		gateway := fmt.Sprintf("198.18.%d.%d", os.Getpid()%256, 4*i+1)
		h.address = fmt.Sprintf("198.18.%d.%d", os.Getpid()%256, 4*i+2)
		h.command = []string{self, backendFlag, h.name, b.Options.Group, cert, key}
		ip(t, "netns", "add", h.name)
		t.Cleanup(func() { ip(t, "netns", "del", h.name) }) // and the cable
		ip(t, "link", "add", h.name, "type", "veth", "peer", "name", "eth0", "netns", h.name)
		ip(t, "addr", "add", gateway+"/30", "dev", h.name)
		ip(t, "link", "set", h.name, "up")
		ip(t, "-n", h.name, "addr", "add", h.address+"/30", "dev", "eth0")
		h.plugIn(t)
		h.start(t)
		t.Cleanup(h.stop)
		hosts = append(hosts, h)
	}
	return hosts
}

// start runs the backend, and returns when it listens.
func (h *host) start(t *testing.T) {
	t.Helper()
	h.process = exec.Command("ip", append([]string{"netns", "exec", h.name}, h.command...)...)
	h.process.Stderr = os.Stderr
	if _, err := h.process.StdinPipe(); err != nil { // it ends with this process
		t.Fatal(err)
	}
	out, err := h.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := h.process.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 64)); err != nil {
		t.Fatalf("the backend on %s does not listen: %v", h.name, err)
	}
}

// stop kills the backend. The host then refuses connections.
func (h *host) stop() {
	_ = h.process.Process.Kill() // it may have ended
	_ = h.process.Wait()
}

// pause stops the backend's process until goOn continues it. The host still responds.
func (h *host) pause(t *testing.T) { h.signal(t, syscall.SIGSTOP) }

func (h *host) goOn(t *testing.T) { h.signal(t, syscall.SIGCONT) }

func (h *host) signal(t *testing.T, signal syscall.Signal) {
	t.Helper()
	if err := h.process.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}

// unplug disconnects the host. No packet is answered any more.
func (h *host) unplug(t *testing.T) { ip(t, "-n", h.name, "link", "set", "eth0", "down") }

func (h *host) plugIn(t *testing.T) { ip(t, "-n", h.name, "link", "set", "eth0", "up") }

func ip(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// certificate writes a certificate for the backend's Service.
func certificate(t *testing.T, b *proxytest.Backend) (certFile, keyFile string) {
	t.Helper()
	pair := b.Authority.Serving(t, b.ServerName())
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(t.TempDir(), "tls.crt"), filepath.Join(t.TempDir(), "tls.key")
	for name, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: pair.Certificate[0]},
		keyFile:  {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}
