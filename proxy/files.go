package proxy

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"go.etcd.io/etcd/client/pkg/v3/fileutil"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/apiserver-builder/builder/proxy/internal/atomicfile"
	"github.com/apiserver-builder/builder/proxy/pki"
)

// dataDir is where everything is kept.
type dataDir string

func (d dataDir) path(name string) string { return filepath.Join(string(d), name) }
func (d dataDir) kubeconfig() string      { return d.path("kubeconfig") }
func (d dataDir) etcdURL() string         { return d.path("etcd.url") }

// claim makes the folder and locks it for this process: two etcds on one folder destroy it. The lock goes with the
// process, whatever ends it.
func (d dataDir) claim() (release func(), err error) {
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	path := d.path("lock")
	lock, err := fileutil.TryLockFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, fileutil.ErrLocked) {
		holder, _ := os.ReadFile(path)
		return nil, fmt.Errorf("data directory %s is in use by another aggregation-proxy (process %s): stop it, or choose another --data-dir", d, strings.TrimSpace(string(holder)))
	}
	if err != nil {
		return nil, fmt.Errorf("lock the data directory: %w", err)
	}
	if err := errors.Join(lock.Truncate(0), writeLine(lock, strconv.Itoa(os.Getpid()))); err != nil {
		return nil, errors.Join(fmt.Errorf("write %s: %w", path, err), lock.Close())
	}
	return func() { lock.Close() }, nil
}

func writeLine(lock *fileutil.LockedFile, line string) error {
	_, err := lock.WriteAt([]byte(line+"\n"), 0)
	return err
}

// lastEtcdURL is what writeEtcdURL wrote in an earlier run, or nothing.
func (d dataDir) lastEtcdURL() string {
	data, err := os.ReadFile(d.etcdURL())
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

// writeEtcdURL tells extension-apiservers where etcd is.
func (d dataDir) writeEtcdURL(servers []string) error {
	return atomicfile.Write(d.etcdURL(), []byte(strings.Join(servers, ",")+"\n"), 0o644)
}

// lastServer is the URL in the kubeconfig of an earlier run, or nothing.
func (d dataDir) lastServer() string {
	c, err := clientcmd.LoadFromFile(d.kubeconfig())
	if err != nil || c.Clusters[contextName] == nil {
		return ""
	}
	return c.Clusters[contextName].Server
}

const contextName = "aggregation-proxy"

// writeKubeconfig makes its owner cluster-admin at server. It needs no other file, so it can be copied.
func (d dataDir) writeKubeconfig(server string, certs pki.Dir) error {
	c, err := newKubeconfig(server, certs)
	if err != nil {
		return err
	}
	return d.saveKubeconfig(c)
}

func newKubeconfig(server string, certs pki.Dir) (*clientcmdapi.Config, error) {
	var data [3][]byte
	for i, path := range []string{certs.Cert(pki.ServingCA), certs.Cert(pki.Admin), certs.Key(pki.Admin)} {
		var err error
		if data[i], err = os.ReadFile(path); err != nil {
			return nil, fmt.Errorf("write the kubeconfig: %w", err)
		}
	}
	c := clientcmdapi.NewConfig()
	c.Clusters[contextName] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: data[0]}
	c.AuthInfos[contextName] = &clientcmdapi.AuthInfo{ClientCertificateData: data[1], ClientKeyData: data[2]}
	c.Contexts[contextName] = &clientcmdapi.Context{Cluster: contextName, AuthInfo: contextName}
	c.CurrentContext = contextName
	return c, nil
}

func (d dataDir) saveKubeconfig(c *clientcmdapi.Config) error {
	out, err := clientcmd.Write(*c)
	if err != nil {
		return fmt.Errorf("write the kubeconfig: %w", err)
	}
	return atomicfile.Write(d.kubeconfig(), out, 0o600)
}

// portOf is the port in a URL, or 0.
func portOf(rawURL string) int {
	u, err := url.Parse(rawURL)
	if err != nil {
		return 0
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		return 0
	}
	return port
}

// listenPreferring listens on the preferred port when it is free, else on any.
func listenPreferring(host string, preferred int) (net.Listener, error) {
	if preferred != 0 {
		if l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(preferred))); err == nil {
			return l, nil
		}
	}
	return net.Listen("tcp", net.JoinHostPort(host, "0"))
}
