package controlplane

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/apiserver-builder/builder/proxy/controlplane/internal/etcd"
	"github.com/apiserver-builder/builder/proxy/controlplane/internal/openapi"
	"github.com/apiserver-builder/builder/proxy/controlplane/internal/ports"
	"github.com/apiserver-builder/builder/proxy/internal/pki"
)

// Run serves until ctx ends, then stops everything in order and returns nil. It calls ready once, with the server's
// URL, when /readyz succeeds and the kubeconfig is written. The context of ready ends when the server begins
// to stop, for any reason. Errors are written for users.
//
// A process can run only one control plane, because kube-apiserver keeps feature gates, metrics and schemes in globals.
func Run(ctx context.Context, o Options, ready func(ctx context.Context, url string)) error {
	if o.kube == nil {
		o.kube = newKubeAPIServer()
	}
	if err := o.Validate(); err != nil {
		return err
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	dir := o.dataDir()
	if err := dir.CheckRegular(o.certs()); err != nil {
		return err
	}
	release, err := dir.Claim()
	if err != nil {
		return err
	}
	defer release()
	embedded := len(o.Etcd.Servers) == 0
	if embedded {
		if err := etcd.CheckDisk(o.DataDir); err != nil {
			return err
		}
	}
	bind := net.ParseIP(o.BindAddress)
	certs := o.certs()
	issuer := pki.Issuer{Dir: certs, Serving: servingNames(bind), Validity: o.CertificateValidity}
	if err := issuer.Ensure(ctx, time.Now()); err != nil {
		return err
	}
	listener, err := ports.Listen(o.BindAddress, o.SecurePort, ports.Of(dir.LastServer()))
	if err != nil {
		return err
	}
	url := "https://" + net.JoinHostPort(reachableIP(bind).String(), strconv.Itoa(listener.Addr().(*net.TCPAddr).Port))
	var background sync.WaitGroup
	background.Go(func() { o.renew(ctx, issuer, url) })
	if embedded {
		background.Go(func() { etcd.WatchDisk(ctx, o.DataDir) })
	}
	defer func() {
		fail(nil)
		waitBriefly(&background)
	}()
	server, closeStorage, err := o.build(ctx, fail, listener, url)
	if err != nil {
		listener.Close() // once there is a server, the server closes it
		return err
	}
	defer closeStorage()
	return server.runUntilDone(ctx, func(ctx context.Context) error {
		err := waitReady(ctx, url, certs, server.GenericAPIServer.LoopbackClientConfig)
		if err == nil {
			ready(ctx, url)
		}
		return err
	})
}

// build returns a server that is ready to run. If its storage ends, the storage calls fail.
func (o Options) build(ctx context.Context, fail context.CancelCauseFunc, listener net.Listener, url string) (_ *apiServer, closeStorage func(), err error) {
	dir, certs := o.dataDir(), o.certs()
	storage, err := o.openStorage(ctx, fail)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			storage.Close()
		}
	}()
	config, err := newConfig(ctx, o.kube, listener, certs, storage.Transport)
	if err != nil {
		return nil, nil, fmt.Errorf("configure kube-apiserver: %w", err)
	}
	replica := o.replica(url)
	if replica != "" {
		identify(config, replica)
	}
	if err := storage.WaitReady(ctx); err != nil {
		return nil, nil, err
	}
	if o.RevalidateOpenAPI {
		openapi.Revalidate(config)
	}
	server, err := newAPIServer(config, o.DiscoveryTimeout)
	if err != nil {
		return nil, nil, fmt.Errorf("set up kube-apiserver: %w", err)
	}
	openapi.DropDefinitions(config.KubeAPIs.ControlPlane.Generic)
	if err := server.addControllers(config.KubeAPIs.ControlPlane.VersionedInformers, certs, replica); err != nil {
		return nil, nil, err
	}
	return server, storage.Close, errors.Join(dir.WriteEtcdURL(storage.Servers), dir.WriteKubeconfig(url, certs))
}

// openStorage opens the external etcd, or starts the embedded one, which calls fail when it ends.
func (o Options) openStorage(ctx context.Context, fail context.CancelCauseFunc) (etcd.Storage, error) {
	if len(o.Etcd.Servers) > 0 {
		return o.Etcd.Open(ctx)
	}
	dir := o.dataDir()
	embedded := etcd.Embedded{Data: dir.Path("etcd"), Certs: o.certs(), Port: ports.Of(dir.LastEtcdURL()), NoFsync: o.UnsafeNoFsync}
	return embedded.Open(ctx, fail)
}
