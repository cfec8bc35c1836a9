package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/storage/wal"

	"github.com/apiserver-builder/builder/proxy/pki"
)

const (
	// One member elects itself: the usual second of waiting for others is for nothing.
	etcdTickMs, etcdElectionMs = 10, 100
	etcdStartTimeout           = 30 * time.Second
	// How long etcd may take to open its data and to replay what was last written.
	etcdOpenTimeout = 2 * time.Minute
	etcdStopTimeout = 5 * time.Second
	// A Kubernetes control plane's usual quota; etcd's own default stops at 2 GiB.
	etcdQuotaBytes = 8 << 30
	// What etcd keeps in memory for slow peers, in writes. There are none.
	etcdSnapshotCount = 1000
	// etcd reserves two log files of this size; its own 64 MB are for busy clusters.
	walSegmentBytes = 8 << 20
)

// embeddedEtcd is an etcd in this process, a cluster of one.
type embeddedEtcd struct {
	*embed.Etcd
	fatal fatalHook
	// serving ends when nobody is to be served in process any more.
	serving context.Context
	stop    context.CancelFunc
}

// startEtcd starts the embedded etcd with its data in dir, serving on loopback to holders of a certificate of
// pki.EtcdCA. It takes the last run's port when that is free, so that extension-apiservers survive a restart.
func startEtcd(ctx context.Context, dir dataDir, certs pki.Dir, noFsync bool) (*embeddedEtcd, error) {
	data := dir.path("etcd")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, fmt.Errorf("make etcd's data folder: %w", err)
	}
	wal.SegmentSizeBytes = walSegmentBytes
	fatal := make(fatalHook, 1)
	logger := etcdLogger(fatal)
	for attempt := 0; ; attempt++ {
		port, err := freePort(portOf(dir.lastEtcdURL()))
		if err != nil {
			return nil, fmt.Errorf("find a port for etcd: %w", err)
		}
		config := etcdConfig(data, certs, port, noFsync)
		config.ZapLoggerBuilder = embed.NewZapLoggerBuilder(logger)
		etcd, err := startOrFail(ctx, config, fatal, etcdOpenTimeout)
		// The port was free a moment ago; somebody may have been quicker.
		if errors.Is(err, syscall.EADDRINUSE) && attempt < 3 {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("start etcd on %s: %w", data, err)
		}
		serving, stop := context.WithCancel(context.Background())
		return &embeddedEtcd{etcd, fatal, serving, stop}, nil
	}
}

// startOrFail starts etcd, which never comes back from what it calls fatal, and waits for a database that another process has open.
func startOrFail(ctx context.Context, config *embed.Config, fatal fatalHook, timeout time.Duration) (*embed.Etcd, error) {
	type outcome struct {
		etcd *embed.Etcd
		err  error
	}
	started := make(chan outcome, 1)
	go func() {
		etcd, err := embed.StartEtcd(config)
		started <- outcome{etcd, err}
	}()
	abandon := func() {
		if o := <-started; o.etcd != nil {
			o.etcd.Close()
		}
	}
	select {
	case o := <-started:
		return o.etcd, o.err
	case err := <-fatal:
		return nil, err
	case <-ctx.Done():
		go abandon()
		return nil, context.Cause(ctx)
	case <-time.After(timeout):
		go abandon()
		return nil, fmt.Errorf("it has not opened its data within %s: another process may have it open (see \"fuser %s\"), or the disk does not answer",
			timeout, filepath.Join(config.Dir, "member", "snap", "db"))
	}
}

func etcdConfig(dir string, certs pki.Dir, port int, noFsync bool) *embed.Config {
	c := embed.NewConfig()
	c.Dir, c.UnsafeNoFsync = dir, noFsync
	c.TickMs, c.ElectionMs = etcdTickMs, etcdElectionMs
	c.QuotaBackendBytes = etcdQuotaBytes
	c.SnapshotCount, c.SnapshotCatchUpEntries = etcdSnapshotCount, etcdSnapshotCount/10
	c.EnableGRPCGateway = false
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

// end calls fail when etcd ends, for whatever reason.
func (e *embeddedEtcd) end(fail context.CancelCauseFunc) {
	var err error
	select {
	case err = <-e.fatal:
	case err = <-e.Err():
	case <-e.Server.StopNotify():
		err = errors.New("it was stopped")
	}
	fail(fmt.Errorf("etcd ended (%w): its data in %s stays for the next start", err, e.Config().Dir))
}

// waitReady returns when etcd answers.
func (e *embeddedEtcd) waitReady(ctx context.Context) error {
	select {
	case <-e.Server.ReadyNotify():
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(etcdStartTimeout):
		return fmt.Errorf("etcd was not ready within %s: is its data in %s damaged?", etcdStartTimeout, e.Config().Dir)
	}
}

// close gives etcd time to write what it has; one that has met something fatal would take for ever.
func (e *embeddedEtcd) close() {
	closed := make(chan struct{})
	go func() {
		e.stop()
		e.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(etcdStopTimeout):
	}
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
