package etcd

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"k8s.io/apiserver/pkg/storage/storagebackend"
)

// probeTimeout limits the first request to an external etcd.
const probeTimeout = 5 * time.Second

// External defines an etcd that runs outside this process.
type External struct {
	// Servers are client URLs. Without any, etcd is embedded.
	Servers []string
	// CAFile, CertFile and KeyFile are PEM files for servers that use TLS, as in kube-apiserver's flags of these names.
	CAFile, CertFile, KeyFile string
}

// Validate returns all errors in the fields, in terms of the flags that set them.
func (e External) Validate() []error {
	var errs []error
	for _, server := range e.Servers {
		if u, err := url.Parse(server); err != nil || u.Host == "" || !strings.HasPrefix(u.Scheme, "http") {
			errs = append(errs, fmt.Errorf("--etcd-servers %q is not a URL like https://127.0.0.1:2379", server))
		}
	}
	if len(e.Servers) == 0 && (e.CAFile != "" || e.CertFile != "" || e.KeyFile != "") {
		errs = append(errs, errors.New("--etcd-cafile, --etcd-certfile and --etcd-keyfile go with --etcd-servers: the embedded etcd has its own certificates"))
	}
	if (e.CertFile == "") != (e.KeyFile == "") {
		errs = append(errs, errors.New("--etcd-certfile and --etcd-keyfile go together"))
	}
	return errs
}

// Open sends a request to the servers, and returns them as Storage. Without this request, kube-apiserver would retry for a minute
// before it reports that no server answers.
func (e External) Open(ctx context.Context) (Storage, error) {
	info := transport.TLSInfo{TrustedCAFile: e.CAFile, CertFile: e.CertFile, KeyFile: e.KeyFile}
	tlsConfig, err := info.ClientConfig()
	if err != nil {
		return Storage{}, fmt.Errorf("read the certificates for --etcd-servers: %w", err)
	}
	client, err := clientv3.New(clientv3.Config{Endpoints: e.Servers, TLS: tlsConfig, DialTimeout: probeTimeout, Logger: zap.NewNop()})
	if err != nil {
		return Storage{}, fmt.Errorf("reach etcd at %s: %w", strings.Join(e.Servers, ", "), err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if _, err := client.Get(ctx, "/registry", clientv3.WithCountOnly()); err != nil {
		return Storage{}, fmt.Errorf("no answer from etcd at %s (%w): check --etcd-servers and the etcd certificates' flags", strings.Join(e.Servers, ", "), err)
	}
	return Storage{
		Transport: storagebackend.TransportConfig{ServerList: e.Servers, TrustedCAFile: e.CAFile, CertFile: e.CertFile, KeyFile: e.KeyFile},
		Servers:   e.Servers,
		WaitReady: func(context.Context) error { return nil },
		Close:     func() {},
	}, nil
}
