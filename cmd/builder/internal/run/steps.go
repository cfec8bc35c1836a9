package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"

	"github.com/apiserver-builder/builder/cmd/builder/internal/gobuild"
	"github.com/apiserver-builder/builder/cmd/builder/internal/programs"
	"github.com/apiserver-builder/builder/internal/gocmd"
	"github.com/apiserver-builder/builder/internal/regular"
)

// These timeouts are for a slow and busy machine. Usually, each step takes about a second.
const (
	buildTimeout     = time.Hour // with nothing compiled or downloaded yet
	proxyTimeout     = 90 * time.Second
	readyTimeout     = 60 * time.Second
	availableTimeout = 60 * time.Second
	requestTimeout   = 30 * time.Second
)

// prepare generates code if the run follows changes, and builds.
func (r *runner) prepare(ctx context.Context) error {
	if r.Generate != nil {
		if err := r.generate(ctx); err != nil {
			return err
		}
	}
	return r.build(ctx)
}

// generate generates code, and uses the declaration that it was generated from.
func (r *runner) generate(ctx context.Context) error {
	p, written, err := r.Generate(ctx, r.generatesSlowly)
	r.tree.Wrote(written...)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if p.Name != r.Project.Name || p.Namespace() != r.Project.Namespace() {
		return fmt.Errorf("the name in PROJECT changed to %s: stop and restart \"builder run\"", p.Name)
	}
	r.Project = p
	return nil
}

// generatesSlowly reports that code generation has taken some time already.
func (r *runner) generatesSlowly(elapsed time.Duration) {
	const reason = "the go command may be downloading modules"
	if r.apiserver == nil { // a step of the start, which has a clock
		r.show(event{Progress: reason})
		return
	}
	r.tell(fmt.Sprintf("still generating code after %s: %s ...", elapsed, reason))
}

// build builds the project's binaries.
func (r *runner) build(ctx context.Context) error {
	if _, err := exec.LookPath("go"); err != nil {
		return errors.New(`"go" is not in PATH: install Go from https://go.dev/dl to build the project`)
	}
	flags, err := buildFlags(os.Environ())
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, buildTimeout)
	defer cancel()
	output, err := gobuild.Build(limited, gobuild.Options{
		Dir: r.Dir, Output: filepath.Join(r.state, "bin") + "/", Flags: flags, Packages: []string{"./cmd/..."},
		Show: func(text string) { r.show(event{Progress: text}) },
	})
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case limited.Err() != nil:
		err = fmt.Errorf("it took more than %s", buildTimeout)
	}
	if output != "" {
		r.show(event{Lines: strings.Split(output, "\n")})
	}
	return fmt.Errorf("the project does not build (go build ./cmd/...: %w): fix the errors above and run the command again", err)
}

// buildFlags returns the flags of "go build". -buildvcs takes time, and fails in a checkout that belongs to another user. Without debugging
// information, which "go run" omits too, the linker is faster by a fifth. A debugger needs it: with -ldflags in GOFLAGS, which this flag
// would replace, it stays.
func buildFlags(env []string) ([]string, error) {
	settings, err := gocmd.Settings(env)
	if err != nil {
		return nil, err
	}
	flags := []string{"-buildvcs=false"}
	if !strings.Contains(settings["GOFLAGS"], "-ldflags") {
		flags = append(flags, "-ldflags=-w")
	}
	return flags, nil
}

// nameProxyOnTimeout adds the log of the aggregation proxy to the error of a request that timed out.
func (r *runner) nameProxyOnTimeout(err error) error {
	if timeout := (interface{ Timeout() bool })(nil); errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("%w: see the log of the aggregation proxy, %s", err, r.children.logFile(aggregationProxy))
	}
	return err
}

// startProxy starts storage and the aggregation layer.
func (r *runner) startProxy(ctx context.Context) error {
	ready := make(chan string, 1)
	args := []string{
		"--data-dir=" + r.state, "--secure-port=" + strconv.Itoa(r.proxyPort), "--exit-with-parent", "--revalidate-openapi",
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
	r.cluster, err = newAdministrator(Kubeconfig(r.Dir), requestTimeout)
	return err
}

// applyIdentities applies the manifests of the processes' ServiceAccounts and their rights, and writes their tokens and the apiserver's
// certificate.
func (r *runner) applyIdentities(ctx context.Context) error {
	if err := r.applyRights(ctx); err != nil {
		return err
	}
	if err := r.writeTokens(ctx); err != nil {
		return err
	}
	pki, name, namespace := filepath.Join(r.state, "pki"), r.Project.Name, r.Project.Namespace()
	for _, component := range programs.All() {
		err := r.cluster.writeKubeconfig(r.kubeconfig(component), filepath.Join(pki, "serving-ca.crt"), r.tokenFile(component), namespace, name+"-"+component)
		if err != nil {
			return err
		}
	}
	var err error
	r.issued = time.Now()
	r.cert, err = newServingCert(pki, r.issued, r.validity(), name+"-apiserver."+namespace+".svc")
	return err
}

// applyRights applies the project's ServiceAccounts and their rights, unless their manifests have not changed.
func (r *runner) applyRights(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	// The proxy may have renewed its certificates since the last periodic check.
	if err := r.connect(); err != nil {
		return err
	}
	objects, err := readIdentities(r.Dir)
	if err != nil || reflect.DeepEqual(objects, r.identities) {
		return err
	}
	if err := r.cluster.apply(ctx, objects...); err != nil {
		return err
	}
	r.identities = objects
	return nil
}

// startAPIServer starts the project's apiserver and waits until it is ready.
func (r *runner) startAPIServer(ctx context.Context) (err error) {
	r.apiserver, err = r.launch(ctx, apiserver, r.first, nil)
	return err
}

// apiserverArguments returns the apiserver's flags.
func (r *runner) apiserverArguments(port int) ([]string, error) {
	etcd, err := regular.Read(filepath.Join(r.state, "etcd.url"))
	if err != nil {
		return nil, fmt.Errorf("read the address of etcd, which aggregation-proxy writes: %w", err)
	}
	pki, kubeconfig := filepath.Join(r.state, "pki"), r.kubeconfig(apiserver)
	return []string{
		"--bind-address=127.0.0.1",
		"--secure-port=" + strconv.Itoa(port),
		"--etcd-servers=" + strings.TrimSpace(string(etcd)),
		"--etcd-cafile=" + filepath.Join(pki, "etcd-ca.crt"),
		"--etcd-certfile=" + filepath.Join(pki, "etcd-client.crt"),
		"--etcd-keyfile=" + filepath.Join(pki, "etcd-client.key"),
		"--tls-cert-file=" + r.cert.certFile,
		"--tls-private-key-file=" + r.cert.keyFile,
		"--kubeconfig=" + kubeconfig,
		"--authentication-kubeconfig=" + kubeconfig,
		"--authorization-kubeconfig=" + kubeconfig,
		// Otherwise, a running "kubectl get --watch" would delay its end.
		"--shutdown-watch-termination-grace-period=2s",
	}, nil
}

// apiserverConfig returns a configuration that trusts the apiserver's certificate, with the administrator's credentials, because the
// apiserver may reject anonymous requests.
func (r *runner) apiserverConfig() *rest.Config {
	r.mu.Lock()
	defer r.mu.Unlock()
	config := rest.CopyConfig(r.cluster.config)
	config.CAFile, config.CAData = "", r.cert.ca
	return config
}

// register makes the aggregation layer send requests for the project's groups to the apiserver, and waits until it does.
func (r *runner) register(ctx context.Context) error {
	if _, err := r.redirect(ctx, r.apiserver.port); err != nil {
		return err
	}
	return r.waitServed(ctx, r.apiserver.port)
}

// redirect reads the project's APIServices and makes them point to a port of this machine. It returns the names of the deleted APIServices.
func (r *runner) redirect(ctx context.Context, port int) (removed []string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	objects, err := readAPIServices(r.Dir, port, r.cert.ca)
	if err != nil {
		return nil, err
	}
	if len(objects) == 0 && r.Project.HasKinds() {
		return nil, fmt.Errorf(`%s has no APIService, but the project has kinds: run "builder generate"`, apiServicesFile)
	}
	r.apiServices = objects // even if applying fails, because keepCurrent must not apply the previous ones
	return r.publish(ctx, port)
}

// restoreAPIServices restores APIServices that were applied before.
func (r *runner) restoreAPIServices(ctx context.Context, apiServices []*unstructured.Unstructured, port int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, object := range apiServices {
		if err := setCABundle(object, r.cert.ca); err != nil {
			return err
		}
	}
	r.apiServices = apiServices
	_, err := r.publish(ctx, port)
	return err
}

// publish applies the APIServices and their Service, and deletes others.
func (r *runner) publish(ctx context.Context, port int) (removed []string, err error) {
	// The proxy may have renewed the administrator's certificate while programs were started.
	if err := r.connect(); err != nil {
		return nil, err
	}
	if removed, err = r.cluster.removeOthers(ctx, r.apiServices); err != nil {
		return removed, err
	}
	service := localService(r.Project.Namespace(), r.Project.Name+"-apiserver", port)
	return removed, r.cluster.apply(ctx, append([]*unstructured.Unstructured{service}, r.apiServices...)...)
}

// waitServed waits until the aggregation layer serves the same resources as the apiserver on a port.
func (r *runner) waitServed(ctx context.Context, port int) error {
	config := r.apiserverConfig()
	config.Host = fmt.Sprintf("https://127.0.0.1:%d", port)
	server, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return err
	}
	return wait(ctx, availableTimeout, func(ctx context.Context) error {
		r.mu.Lock()
		cluster, apiServices := r.cluster, r.apiServices
		r.mu.Unlock()
		return cluster.served(ctx, apiServices, server)
	})
}

// startControllerManager starts the project's controller manager, if it has one, and waits until it is ready.
func (r *runner) startControllerManager(ctx context.Context) (err error) {
	if r.hasControllerManager() {
		r.controllerManager, err = r.launch(ctx, controllerManager, r.first, nil)
	}
	return err
}

func (r *runner) hasControllerManager() bool {
	_, err := os.Stat(filepath.Join(r.Dir, "cmd", controllerManager))
	return err == nil
}

// controllerManagerArguments returns the controller manager's flags.
func (r *runner) controllerManagerArguments(port int) []string {
	return []string{
		"--kubeconfig=" + r.kubeconfig(controllerManager),
		"--health-probe-bind-address=127.0.0.1:" + strconv.Itoa(port),
		"--metrics-bind-address=0",
	}
}

func (r *runner) binary(name string) string { return filepath.Join(r.state, "bin", name) }

func (r *runner) kubeconfig(name string) string {
	return filepath.Join(r.state, name+".kubeconfig")
}
