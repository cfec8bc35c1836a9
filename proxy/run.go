package proxy

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/apiserver-builder/builder/proxy/pki"
)

const (
	readyPoll    = 10 * time.Millisecond
	readyTimeout = time.Minute
)

// Run serves until ctx ends, then stops everything in order and returns nil. It calls ready once, with the server's
// URL, when the server answers /readyz with ok and the kubeconfig is written; ready's context ends when the server begins
// to stop, for whatever reason. Errors are sentences for a user.
//
// A process can have one: kube-apiserver keeps feature gates, metrics and schemes in globals.
func Run(ctx context.Context, o Options, ready func(ctx context.Context, url string)) error {
	if o.kube == nil {
		o.kube = newKubeAPIServer()
	}
	if err := o.Validate(); err != nil {
		return err
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	dir := dataDir(o.DataDir)
	if err := checkRegular(dir, o.certs()); err != nil {
		return err
	}
	release, err := dir.claim()
	if err != nil {
		return err
	}
	defer release()
	embedded := len(o.Etcd.Servers) == 0
	if embedded {
		if err := dir.checkRoom(); err != nil {
			return err
		}
	}
	bind := net.ParseIP(o.BindAddress)
	certs := o.certs()
	issuer := pki.Issuer{Dir: certs, Serving: servingNames(bind), Validity: o.CertificateValidity}
	if err := issuer.Ensure(ctx, time.Now()); err != nil {
		return err
	}
	listener, err := listen(o.BindAddress, o.SecurePort, portOf(dir.lastServer()))
	if err != nil {
		return err
	}
	url := "https://" + net.JoinHostPort(reachableIP(bind).String(), strconv.Itoa(listener.Addr().(*net.TCPAddr).Port))
	var background sync.WaitGroup
	background.Go(func() { o.renew(ctx, issuer, url) })
	if embedded {
		background.Go(func() { dir.watchDisk(ctx) })
	}
	defer func() {
		fail(nil)
		waitBriefly(&background)
	}()
	server, closeStorage, err := o.build(ctx, fail, listener, url)
	if err != nil {
		listener.Close() // else the server's, which panics when it is closed under it
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

// build makes a server, with storage that calls fail should it end.
func (o Options) build(ctx context.Context, fail context.CancelCauseFunc, listener net.Listener, url string) (_ *apiServer, closeStorage func(), err error) {
	dir, certs := dataDir(o.DataDir), o.certs()
	storage, err := openStorage(ctx, o, dir, certs, fail)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			storage.close()
		}
	}()
	config, err := newConfig(ctx, o.kube, listener, certs, storage.transport)
	if err != nil {
		return nil, nil, fmt.Errorf("configure kube-apiserver: %w", err)
	}
	replica := o.replica(url)
	if replica != "" {
		identify(config, replica)
	}
	if err := storage.waitReady(ctx); err != nil {
		return nil, nil, err
	}
	server, err := newAPIServer(config, o.DiscoveryTimeout)
	if err != nil {
		return nil, nil, fmt.Errorf("set up kube-apiserver: %w", err)
	}
	forgetDefinitions(config.KubeAPIs.ControlPlane.Generic)
	if err := server.addControllers(config.KubeAPIs.ControlPlane.VersionedInformers, certs, replica); err != nil {
		return nil, nil, err
	}
	return server, storage.close, errors.Join(dir.writeEtcdURL(storage.servers), dir.writeKubeconfig(url, certs))
}

// listen takes the port asked for, or for 0 the last one when it is free.
func listen(address string, port, last int) (net.Listener, error) {
	if port == 0 {
		l, err := listenPreferring(address, last)
		if err != nil {
			return nil, fmt.Errorf("listen on %s: %w", address, err)
		}
		return l, nil
	}
	l, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(port)))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("port %d on %s is in use: stop what listens there, or choose another with --secure-port (0 takes a free one)", port, address)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on port %d of %s: %w", port, address, err)
	}
	return l, nil
}

// waitReady returns when /readyz is ok, and what an extension-apiserver reads when it starts is there.
func waitReady(ctx context.Context, url string, certs pki.Dir, loopback *rest.Config) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	pool := x509.NewCertPool()
	ca, err := os.ReadFile(certs.Cert(pki.ServingCA))
	if err != nil {
		return err
	}
	pool.AppendCertsFromPEM(ca)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	defer transport.CloseIdleConnections()
	probe := &http.Client{Transport: transport}
	client, err := kubernetes.NewForConfig(loopback)
	if err != nil {
		return err
	}
	for {
		err := readyz(ctx, probe, url)
		if err == nil && trustPublished(ctx, client) {
			return nil
		}
		select {
		case <-ctx.Done():
			return notReady(ctx, err)
		case <-time.After(readyPoll):
		}
	}
}

// notReady says why the wait for readiness ended.
func notReady(ctx context.Context, last error) error {
	switch {
	case !errors.Is(ctx.Err(), context.DeadlineExceeded):
		return context.Cause(ctx)
	case last == nil || errors.Is(last, context.DeadlineExceeded):
		return fmt.Errorf("the server was not ready within %s: see what it waits for with -v 2", readyTimeout)
	}
	return fmt.Errorf("the server was not ready within %s (%w): see what it waits for with -v 2", readyTimeout, last)
}

func readyz(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 2<<10))
	if err != nil || response.StatusCode != http.StatusOK {
		return errors.Join(err, fmt.Errorf("%s: %s", response.Status, bytes.TrimSpace(body)))
	}
	return nil
}

// trustPublished tells whether the front-proxy authority and namespace default exist: kube-apiserver is ready a moment
// before it has written them, and an extension-apiserver that misses the first ends.
func trustPublished(ctx context.Context, client kubernetes.Interface) bool {
	core := client.CoreV1()
	trust, err := core.ConfigMaps(metav1.NamespaceSystem).Get(ctx, "extension-apiserver-authentication", metav1.GetOptions{})
	if err != nil || trust.Data["requestheader-client-ca-file"] == "" {
		return false
	}
	_, err = core.Namespaces().Get(ctx, metav1.NamespaceDefault, metav1.GetOptions{})
	return err == nil
}
