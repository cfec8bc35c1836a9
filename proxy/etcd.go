package proxy

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"k8s.io/apiserver/pkg/storage/storagebackend"

	"github.com/apiserver-builder/builder/proxy/pki"
)

// How long an external etcd may take to answer the first question.
const etcdProbeTimeout = 5 * time.Second

// storage is the etcd in use, embedded or not.
type storage struct {
	transport storagebackend.TransportConfig
	// servers are the URLs for others.
	servers   []string
	waitReady func(context.Context) error
	close     func()
}

// openStorage starts the embedded etcd, which calls fail when it ends, or checks that the one to use instead answers.
func openStorage(ctx context.Context, o Options, dir dataDir, certs pki.Dir, fail context.CancelCauseFunc) (storage, error) {
	if len(o.Etcd.Servers) > 0 {
		ready := func(context.Context) error { return nil }
		return storage{transport: o.Etcd.transport(), servers: o.Etcd.Servers, waitReady: ready, close: func() {}}, o.Etcd.probe(ctx)
	}
	etcd, err := startEtcd(ctx, dir, certs, o.UnsafeNoFsync)
	if err != nil {
		return storage{}, err
	}
	go etcd.end(fail)
	return storage{
		transport: etcd.serveInProcess(),
		servers:   []string{etcd.Config().AdvertiseClientUrls[0].String()},
		waitReady: etcd.waitReady,
		close:     etcd.close,
	}, nil
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
