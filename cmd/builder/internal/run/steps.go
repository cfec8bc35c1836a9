package run

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/apiserver-builder/builder/generators/gocmd"
	"github.com/apiserver-builder/builder/generators/regular"
)

// These are for a slow and busy machine: usually each takes about a second.
const (
	buildTimeout     = time.Hour // with nothing compiled or downloaded yet
	proxyTimeout     = 90 * time.Second
	readyTimeout     = 60 * time.Second
	availableTimeout = 60 * time.Second
	requestTimeout   = 30 * time.Second
)

// build builds the project's binaries.
func (r *runner) build(ctx context.Context) error {
	if _, err := exec.LookPath("go"); err != nil {
		return errors.New(`"go" is not in PATH, and the project is built with it: install Go from https://go.dev/dl`)
	}
	// Stamping the version control's state in takes time, and fails in a checkout of somebody else's.
	limited, cancel := context.WithTimeout(ctx, buildTimeout)
	defer cancel()
	output, err := gocmd.Command(limited, r.Dir, nil, "build", "-buildvcs=false", "-o", filepath.Join(r.state, "bin")+"/", "./cmd/...").CombinedOutput()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case limited.Err() != nil:
		err = fmt.Errorf("it took more than %s", buildTimeout)
	}
	if lines := strings.TrimSpace(string(output)); lines != "" {
		r.show(event{Lines: strings.Split(lines, "\n")})
	}
	return fmt.Errorf("the project does not build (go build ./cmd/...: %w): mend what is said above and try again", err)
}

// inTime names the aggregation proxy where err is that it did not answer a request in time.
func (r *runner) inTime(err error) error {
	if timeout := (interface{ Timeout() bool })(nil); errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("%w: see the log of the aggregation proxy, %s", err, r.children.logFile(aggregationProxy))
	}
	return err
}

// startProxy starts storage and the aggregation layer.
func (r *runner) startProxy(ctx context.Context) error {
	ready := make(chan string, 1)
	args := []string{
		"--data-dir=" + r.state, "--secure-port=" + strconv.Itoa(r.ports.proxy), "--exit-with-parent",
		"--certificate-validity=" + r.validity().String(),
	}
	_, err := r.children.start(aggregationProxy, r.Proxy, args, func(line string) {
		if url, ok := strings.CutPrefix(line, "ready: "); ok {
			select {
			case ready <- url:
			default:
			}
		}
	})
	if err != nil {
		return err
	}
	select {
	case r.proxyURL = <-ready:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(proxyTimeout):
		return fmt.Errorf("the aggregation proxy was not ready after %s: see its log, %s", proxyTimeout, r.children.logFile(aggregationProxy))
	}
	r.cluster, err = newCluster(ctx, Kubeconfig(r.Dir), requestTimeout)
	return err
}

// applyIdentities makes the ServiceAccounts that the project's processes are, and what they may do, as they ship; and gives
// each process its token and the apiserver its certificate.
func (r *runner) applyIdentities(ctx context.Context) error {
	objects, err := readIdentities(r.Dir)
	if err != nil {
		return err
	}
	if err := r.cluster.apply(ctx, objects...); err != nil {
		return err
	}
	if err := r.writeTokens(ctx); err != nil {
		return err
	}
	pki, name, namespace := filepath.Join(r.state, "pki"), r.Project.Name, r.Project.Namespace()
	for _, component := range components {
		err := r.cluster.writeKubeconfig(r.kubeconfig(component), filepath.Join(pki, "serving-ca.crt"), r.tokenFile(component), namespace, name+"-"+component)
		if err != nil {
			return err
		}
	}
	r.issued = time.Now()
	r.cert, err = newServingCert(pki, r.issued, r.validity(), name+"-apiserver."+namespace+".svc")
	return err
}

// startAPIServer starts the project's apiserver and waits until it says that it is ready.
func (r *runner) startAPIServer(ctx context.Context) error {
	etcd, err := regular.Read(filepath.Join(r.state, "etcd.url"))
	if err != nil {
		return fmt.Errorf("the aggregation proxy did not say where its etcd is: %w", err)
	}
	if r.ports.apiserver, err = freePort(r.ports.proxy + 1); err != nil {
		return err
	}
	pki, kubeconfig := filepath.Join(r.state, "pki"), r.kubeconfig(apiserver)
	_, err = r.children.start(apiserver, r.binary(apiserver), []string{
		"--bind-address=127.0.0.1",
		"--secure-port=" + strconv.Itoa(r.ports.apiserver),
		"--etcd-servers=" + strings.TrimSpace(string(etcd)),
		"--etcd-cafile=" + filepath.Join(pki, "etcd-ca.crt"),
		"--etcd-certfile=" + filepath.Join(pki, "etcd-client.crt"),
		"--etcd-keyfile=" + filepath.Join(pki, "etcd-client.key"),
		"--tls-cert-file=" + r.cert.certFile,
		"--tls-private-key-file=" + r.cert.keyFile,
		"--kubeconfig=" + kubeconfig,
		"--authentication-kubeconfig=" + kubeconfig,
		"--authorization-kubeconfig=" + kubeconfig,
		// Or somebody's "kubectl get --watch" keeps it from ending.
		"--shutdown-watch-termination-grace-period=2s",
	}, nil)
	if err != nil {
		return err
	}
	client, err := r.apiserverClient()
	if err != nil {
		return err
	}
	return r.waitReady(ctx, apiserver, client, fmt.Sprintf("https://127.0.0.1:%d/readyz", r.ports.apiserver))
}

// apiserverClient trusts the apiserver's certificate, and is the administrator: the apiserver may turn away whom it doesn't know.
func (r *runner) apiserverClient() (*http.Client, error) {
	config := rest.CopyConfig(r.cluster.config)
	config.CAFile, config.CAData = "", r.cert.ca
	return rest.HTTPClientFor(config)
}

// register has the aggregation layer send the project's groups to the apiserver, and waits until it does.
func (r *runner) register(ctx context.Context) error {
	var err error
	if r.apiServices, err = readAPIServices(r.Dir, r.ports.apiserver, r.cert.ca); err != nil {
		return err
	}
	if len(r.apiServices) == 0 && r.Project.HasKinds() {
		return fmt.Errorf(`%s has no APIService, but the project has kinds: "builder generate" writes it`, apiServicesFile)
	}
	if err := r.cluster.removeOthers(ctx, r.apiServices); err != nil {
		return err
	}
	service := localService(r.Project.Namespace(), r.Project.Name+"-apiserver", r.ports.apiserver)
	if err := r.cluster.apply(ctx, append([]*unstructured.Unstructured{service}, r.apiServices...)...); err != nil {
		return err
	}
	return wait(ctx, availableTimeout, func(ctx context.Context) error { return r.cluster.served(ctx, r.apiServices) })
}

// startControllerManager starts the project's controller manager, where it has one, and waits until it says that it is ready.
func (r *runner) startControllerManager(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(r.Dir, "cmd", "controller-manager")); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	var err error
	if r.ports.probes, err = freePort(r.ports.apiserver + 1); err != nil {
		return err
	}
	address := "127.0.0.1:" + strconv.Itoa(r.ports.probes)
	_, err = r.children.start(controllerManager, r.binary(controllerManager), []string{
		"--kubeconfig=" + r.kubeconfig(controllerManager),
		"--health-probe-bind-address=" + address,
		"--metrics-bind-address=0",
	}, nil)
	if err != nil {
		return err
	}
	return r.waitReady(ctx, controllerManager, &http.Client{}, "http://"+address+"/readyz")
}

// waitReady waits until url answers 200.
func (r *runner) waitReady(ctx context.Context, name string, client *http.Client, url string) error {
	defer client.CloseIdleConnections()
	err := wait(ctx, readyTimeout, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("GET %s: %s", url, response.Status)
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("the %s was not ready after %s: %w: see its log, %s", name, readyTimeout, err, r.children.logFile(name))
	}
	return err
}

func (r *runner) binary(name string) string { return filepath.Join(r.state, "bin", name) }

func (r *runner) kubeconfig(name string) string {
	return filepath.Join(r.state, name+".kubeconfig")
}
