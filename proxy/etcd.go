package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/klog/v2"

	"github.com/apiserver-builder/builder/proxy/pki"
)

const (
	// One member elects itself: the usual second of waiting for others is for nothing.
	etcdTickMs, etcdElectionMs = 10, 100
	etcdStartTimeout           = 30 * time.Second
	// How long an external etcd may take to answer the first question.
	etcdProbeTimeout = 5 * time.Second
	// A Kubernetes control plane's usual quota; etcd's own default stops at 2 GiB.
	etcdQuotaBytes = 8 << 30
)

// etcdServer is the embedded etcd, serving on loopback to holders of a certificate of pki.EtcdCA.
type etcdServer struct {
	*embed.Etcd
	url string
}

// startEtcd starts the embedded etcd with its data in dir; it listens when startEtcd returns and answers after
// waitReady. It takes the port of lastURL when that is free, so that extension-apiservers survive a restart.
func startEtcd(dir string, certs pki.Dir, lastURL string, noFsync bool) (*etcdServer, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make etcd's data folder: %w", err)
	}
	for attempt := 0; ; attempt++ {
		port, err := freePort(portOf(lastURL))
		if err != nil {
			return nil, fmt.Errorf("find a port for etcd: %w", err)
		}
		client := url.URL{Scheme: "https", Host: fmt.Sprintf("127.0.0.1:%d", port)}
		e, err := embed.StartEtcd(etcdConfig(dir, certs, client, noFsync))
		// The port was free a moment ago; somebody may have been quicker.
		if errors.Is(err, syscall.EADDRINUSE) && attempt < 3 {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("start etcd on %s: %w", dir, err)
		}
		return &etcdServer{e, client.String()}, nil
	}
}

func etcdConfig(dir string, certs pki.Dir, client url.URL, noFsync bool) *embed.Config {
	c := embed.NewConfig()
	c.Dir, c.UnsafeNoFsync = dir, noFsync
	c.TickMs, c.ElectionMs = etcdTickMs, etcdElectionMs
	c.QuotaBackendBytes = etcdQuotaBytes
	c.EnableGRPCGateway = false
	c.LogLevel = zap.ErrorLevel.String()
	if klog.V(1).Enabled() {
		c.LogLevel = zap.InfoLevel.String()
	}
	c.ListenClientUrls, c.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	c.ClientTLSInfo = transport.TLSInfo{
		CertFile:       certs.Cert(pki.EtcdServer),
		KeyFile:        certs.Key(pki.EtcdServer),
		TrustedCAFile:  certs.Cert(pki.EtcdCA),
		ClientCertAuth: true,
	}
	// A cluster of one has no peers: it needs a peer URL for a name, and listens on none.
	peer := url.URL{Scheme: "http", Host: "127.0.0.1:0"}
	c.ListenPeerUrls, c.AdvertisePeerUrls = nil, []url.URL{peer}
	c.InitialCluster = c.InitialClusterFromName(c.Name)
	return c
}

func (e *etcdServer) waitReady(ctx context.Context) error {
	select {
	case <-e.Server.ReadyNotify():
		return nil
	case err := <-e.Err():
		return fmt.Errorf("etcd stopped: %w", err)
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(etcdStartTimeout):
		return fmt.Errorf("etcd was not ready within %s: is its data in %s damaged?", etcdStartTimeout, e.Config().Dir)
	}
}

// transport is how kube-apiserver reaches the embedded etcd.
func (e *etcdServer) transport(certs pki.Dir) storagebackend.TransportConfig {
	return storagebackend.TransportConfig{
		ServerList:    []string{e.url},
		TrustedCAFile: certs.Cert(pki.EtcdCA),
		CertFile:      certs.Cert(pki.EtcdClient),
		KeyFile:       certs.Key(pki.EtcdClient),
	}
}

func (e ExternalEtcd) transport() storagebackend.TransportConfig {
	return storagebackend.TransportConfig{ServerList: e.Servers, TrustedCAFile: e.CAFile, CertFile: e.CertFile, KeyFile: e.KeyFile}
}

// probe asks the servers a question, since kube-apiserver would retry for a minute before saying that none answers.
func (e ExternalEtcd) probe(ctx context.Context) error {
	info := transport.TLSInfo{TrustedCAFile: e.CAFile, CertFile: e.CertFile, KeyFile: e.KeyFile}
	tls, err := info.ClientConfig()
	if err != nil {
		return fmt.Errorf("read the certificates for --etcd-servers: %w", err)
	}
	client, err := clientv3.New(clientv3.Config{Endpoints: e.Servers, TLS: tls, DialTimeout: etcdProbeTimeout, Logger: zap.NewNop()})
	if err != nil {
		return fmt.Errorf("reach etcd at %s: %w", strings.Join(e.Servers, ", "), err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, etcdProbeTimeout)
	defer cancel()
	if _, err := client.Get(ctx, "/registry", clientv3.WithCountOnly()); err != nil {
		return fmt.Errorf("no answer from etcd at %s (%w): check --etcd-servers and the etcd certificates' flags", strings.Join(e.Servers, ", "), err)
	}
	return nil
}

// freePort returns preferred when nothing listens there, else a port that is free now.
func freePort(preferred int) (int, error) {
	l, err := listenPreferring("127.0.0.1", preferred)
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
