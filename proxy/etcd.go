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
	"go.etcd.io/etcd/server/v3/storage/wal"
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
	// What etcd keeps in memory for slow peers, in writes. There are none.
	etcdSnapshotCount = 1000
	// etcd reserves two log files of this size; its own 64 MB are for busy clusters.
	walSegmentBytes = 8 << 20
)

// storage is the etcd in use, embedded or not.
type storage struct {
	transport storagebackend.TransportConfig
	waitReady func(context.Context) error
	close     func()
}

// openStorage starts the embedded etcd, or checks that the one to use instead answers.
func openStorage(ctx context.Context, o Options, dir dataDir) (storage, error) {
	if len(o.Etcd.Servers) > 0 {
		ready := func(context.Context) error { return nil }
		return storage{o.Etcd.transport(), ready, func() {}}, o.Etcd.probe(ctx)
	}
	certs := dir.certs()
	etcd, err := startEtcd(dir.path("etcd"), certs, dir.lastEtcdURL(), o.UnsafeNoFsync)
	if err != nil {
		return storage{}, err
	}
	transport := storagebackend.TransportConfig{
		ServerList:    []string{etcd.Config().AdvertiseClientUrls[0].String()},
		TrustedCAFile: certs.Cert(pki.EtcdCA),
		CertFile:      certs.Cert(pki.EtcdClient),
		KeyFile:       certs.Key(pki.EtcdClient),
	}
	wait := func(ctx context.Context) error { return waitForLeader(ctx, etcd) }
	return storage{transport, wait, etcd.Close}, nil
}

// startEtcd starts the embedded etcd with its data in dir, serving on loopback to holders of a certificate of
// pki.EtcdCA. It takes the port of lastURL when that is free, so that extension-apiservers survive a restart.
func startEtcd(dir string, certs pki.Dir, lastURL string, noFsync bool) (*embed.Etcd, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make etcd's data folder: %w", err)
	}
	wal.SegmentSizeBytes = walSegmentBytes
	for attempt := 0; ; attempt++ {
		port, err := freePort(portOf(lastURL))
		if err != nil {
			return nil, fmt.Errorf("find a port for etcd: %w", err)
		}
		etcd, err := embed.StartEtcd(etcdConfig(dir, certs, port, noFsync))
		// The port was free a moment ago; somebody may have been quicker.
		if errors.Is(err, syscall.EADDRINUSE) && attempt < 3 {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("start etcd on %s: %w", dir, err)
		}
		return etcd, nil
	}
}

func etcdConfig(dir string, certs pki.Dir, port int, noFsync bool) *embed.Config {
	c := embed.NewConfig()
	c.Dir, c.UnsafeNoFsync = dir, noFsync
	c.TickMs, c.ElectionMs = etcdTickMs, etcdElectionMs
	c.QuotaBackendBytes = etcdQuotaBytes
	c.SnapshotCount, c.SnapshotCatchUpEntries = etcdSnapshotCount, etcdSnapshotCount/10
	c.EnableGRPCGateway = false
	// Below, etcd logs as errors that it has just been created and that it has just been closed.
	c.LogLevel = zap.FatalLevel.String()
	if klog.V(1).Enabled() {
		c.LogLevel = zap.InfoLevel.String()
	}
	client := url.URL{Scheme: "https", Host: fmt.Sprintf("127.0.0.1:%d", port)}
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

// waitForLeader returns when etcd answers.
func waitForLeader(ctx context.Context, etcd *embed.Etcd) error {
	select {
	case <-etcd.Server.ReadyNotify():
		return nil
	case err := <-etcd.Err():
		return fmt.Errorf("etcd stopped: %w", err)
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(etcdStartTimeout):
		return fmt.Errorf("etcd was not ready within %s: is its data in %s damaged?", etcdStartTimeout, etcd.Config().Dir)
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
