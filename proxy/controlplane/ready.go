package controlplane

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/apiserver-builder/builder/proxy/internal/pki"
)

const (
	readyPoll    = 10 * time.Millisecond
	readyTimeout = time.Minute
)

// waitReady returns when /readyz succeeds and the data that an extension-apiserver reads at startup is published.
func waitReady(ctx context.Context, url string, certs pki.Dir, loopback *rest.Config) error {
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
	var last error
	err = wait.PollUntilContextTimeout(ctx, readyPoll, readyTimeout, true, func(ctx context.Context) (bool, error) {
		last = readyz(ctx, probe, url)
		return last == nil && trustPublished(ctx, client), nil
	})
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
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

// trustPublished reports whether the front proxy's CA and the namespace default exist. kube-apiserver writes them after it is ready,
// and an extension-apiserver that does not find the CA exits.
func trustPublished(ctx context.Context, client kubernetes.Interface) bool {
	core := client.CoreV1()
	trust, err := core.ConfigMaps(metav1.NamespaceSystem).Get(ctx, "extension-apiserver-authentication", metav1.GetOptions{})
	if err != nil || trust.Data["requestheader-client-ca-file"] == "" {
		return false
	}
	_, err = core.Namespaces().Get(ctx, metav1.NamespaceDefault, metav1.GetOptions{})
	return err == nil
}
