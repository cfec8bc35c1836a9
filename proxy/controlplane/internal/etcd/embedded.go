package etcd

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/storage/wal"

	"github.com/apiserver-builder/builder/proxy/controlplane/internal/ports"
	"github.com/apiserver-builder/builder/proxy/internal/pki"
)

const (
	// A single member elects itself, so the default wait of one second for other members is not needed.
	tickMs, electionMs = 10, 100
	startTimeout       = 30 * time.Second
	// openTimeout limits the time to open the data and replay the latest writes.
	openTimeout = 2 * time.Minute
	stopTimeout = 5 * time.Second
	// quotaBytes is the usual quota of a Kubernetes control plane. etcd's default is 2 GiB.
	quotaBytes = 8 << 30
	// snapshotCount is the number of writes that etcd keeps in memory for slow peers. There are no peers.
	snapshotCount = 1000
	// walSegmentBytes is the size of each of the two log files that etcd reserves. Its default, 64 MB, is for busy clusters.
	walSegmentBytes = 8 << 20
	host            = "127.0.0.1"
)

// Embedded configures an etcd in this process, a cluster with one member. It serves clients on loopback that have a
// certificate of pki.EtcdCA.
type Embedded struct {
	// Data is the folder of the data.
	Data string
	// Certs contains the certificates.
	Certs pki.Dir
	// Port is the preferred port. Extension-apiservers survive a restart if it is the port of the last run.
	Port int
	// NoFsync makes etcd answer before data is on disk.
	NoFsync bool
}

// Open starts etcd. If etcd ends, it calls fail.
func (e Embedded) Open(ctx context.Context, fail context.CancelCauseFunc) (Storage, error) {
	m, err := e.start(ctx)
	if err != nil {
		return Storage{}, err
	}
	go m.failAtEnd(fail)
	return Storage{
		Transport: m.serveInProcess(),
		Servers:   []string{m.Config().AdvertiseClientUrls[0].String()},
		WaitReady: m.waitReady,
		Close:     m.close,
	}, nil
}

// member is the running etcd.
type member struct {
	*embed.Etcd
	fatal fatalHook
	// serving ends when the in-process server must stop.
	serving context.Context
	stop    context.CancelFunc
}

func (e Embedded) start(ctx context.Context) (*member, error) {
	if err := os.MkdirAll(e.Data, 0o700); err != nil {
		return nil, fmt.Errorf("make etcd's data folder: %w", err)
	}
	wal.SegmentSizeBytes = walSegmentBytes
	fatal := make(fatalHook, 1)
	logger := newLogger(fatal)
	for attempt := 0; ; attempt++ {
		port, err := ports.Free(host, e.Port)
		if err != nil {
			return nil, fmt.Errorf("find a port for etcd: %w", err)
		}
		config := e.config(port)
		config.ZapLoggerBuilder = embed.NewZapLoggerBuilder(logger)
		etcd, err := startOrFail(ctx, config, fatal, openTimeout)
		// Another process may have taken the port since it was free.
		if errors.Is(err, syscall.EADDRINUSE) && attempt < 3 {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("start etcd on %s: %w", e.Data, err)
		}
		serving, stop := context.WithCancel(context.Background())
		return &member{etcd, fatal, serving, stop}, nil
	}
}

// startOrFail starts etcd. It returns at the timeout if another process has the database open, and at a fatal error, after which
// embed.StartEtcd never returns.
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

func (e Embedded) config(port int) *embed.Config {
	c := embed.NewConfig()
	c.Dir, c.UnsafeNoFsync = e.Data, e.NoFsync
	c.TickMs, c.ElectionMs = tickMs, electionMs
	c.QuotaBackendBytes = quotaBytes
	c.SnapshotCount, c.SnapshotCatchUpEntries = snapshotCount, snapshotCount/10
	c.EnableGRPCGateway = false
	client := url.URL{Scheme: "https", Host: fmt.Sprintf("%s:%d", host, port)}
	c.ListenClientUrls, c.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	c.ClientTLSInfo = transport.TLSInfo{
		CertFile:       e.Certs.Cert(pki.EtcdServer),
		KeyFile:        e.Certs.Key(pki.EtcdServer),
		TrustedCAFile:  e.Certs.Cert(pki.EtcdCA),
		ClientCertAuth: true,
	}
	// etcd uses the peer URL only to identify the member. It does not listen on it.
	peer := url.URL{Scheme: "http", Host: host + ":0"}
	c.ListenPeerUrls, c.AdvertisePeerUrls = nil, []url.URL{peer}
	c.InitialCluster = c.InitialClusterFromName(c.Name)
	return c
}

// failAtEnd calls fail when etcd ends, for any reason.
func (m *member) failAtEnd(fail context.CancelCauseFunc) {
	var err error
	select {
	case err = <-m.fatal:
	case err = <-m.Err():
	case <-m.Server.StopNotify():
		err = errors.New("it was stopped")
	}
	fail(fmt.Errorf("etcd ended (%w): its data in %s stays for the next start", err, m.Config().Dir))
}

func (m *member) waitReady(ctx context.Context) error {
	select {
	case <-m.Server.ReadyNotify():
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(startTimeout):
		return fmt.Errorf("etcd was not ready within %s: is its data in %s damaged?", startTimeout, m.Config().Dir)
	}
}

// close stops etcd, and gives it time to write its data. After a fatal error, etcd would never finish.
func (m *member) close() {
	closed := make(chan struct{})
	go func() {
		m.stop()
		m.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(stopTimeout):
	}
}
