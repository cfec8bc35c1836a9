package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// outcome is the result of a request.
type outcome struct {
	path   string
	status int
	err    error
}

// ask sends a request for each path, on separate connections. It waits until all watches have started, and returns a channel with
// the outcomes.
func ask(t *testing.T, plane *proxytest.ControlPlane, paths []string) <-chan outcome {
	t.Helper()
	ends := make(chan outcome, len(paths))
	for i, path := range paths {
		client := plane.HTTPClient(t, "jane", "system:masters")
		if i%2 == 1 { // HTTP/1.1 ends chunked responses differently from HTTP/2
			transport := client.Transport.(*http.Transport)
			transport.ForceAttemptHTTP2 = false
			transport.TLSClientConfig.NextProtos = []string{"http/1.1"}
		}
		begun := make(chan error, 1)
		go func() {
			response, err := client.Get(plane.URL + path)
			begun <- err
			if err != nil {
				ends <- outcome{path, 0, err}
				return
			}
			defer response.Body.Close()
			_, err = io.Copy(io.Discard, response.Body)
			ends <- outcome{path, response.StatusCode, err}
		}()
		if strings.Contains(path, "watch=") {
			if err := <-begun; err != nil {
				t.Fatal(err)
			}
		}
	}
	return ends
}

// refuses waits until the process accepts no connections.
func (p *process) refuses(t *testing.T) {
	t.Helper()
	eventually(t, "refused connections", func(context.Context) error {
		conn, err := net.DialTimeout("tcp", strings.TrimPrefix(p.url, "https://"), time.Second)
		if err != nil {
			return nil
		}
		return errors.Join(errors.New("still accepted"), conn.Close())
	})
}

// hanging starts a proxy with an extension-apiserver that never responds to requests for hung, and whose watches of things never
// end.
func hanging(t *testing.T, args ...string) (*process, *proxytest.ControlPlane, *proxytest.Backend) {
	t.Helper()
	p := start(t, t.TempDir(), args...)
	plane := p.plane()
	backend := proxytest.StartBackend(t, plane, proxytest.BackendOptions{})
	backend.Handle(backend.Path("hung"), proxytest.Hang)
	backend.Handle(backend.Path("things"), proxytest.Stream(nil))
	backend.Register(t, plane)
	return p, plane, backend
}

// arrived waits until the backend has received the request.
func arrived(t *testing.T, backend *proxytest.Backend, path string) {
	t.Helper()
	eventually(t, "request for "+path, func(context.Context) error {
		if len(backend.Requests(path)) == 0 {
			return errors.New("not there")
		}
		return nil
	})
}

// stoppedEarly is logged when the proxy stops although requests have not ended.
const stoppedEarly = "Stopping before all requests have ended"

// TestStopDrains stops a proxy with 50 watches, of kube-apiserver and of an extension-apiserver, and a slow request. The watches end in
// order, although the slow request has not ended. The slow request gets its response, and the proxy then ends without a timeout.
func TestStopDrains(t *testing.T) {
	t.Parallel()
	p, plane, backend := hanging(t, "-v", "1")
	release := make(chan struct{})
	backend.Handle("slow", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-release:
			proxytest.Respond(http.StatusOK, nil, "at last")(w, r)
		}
	})
	var paths []string
	for i := range 50 {
		path := "/api/v1/namespaces/default/configmaps?watch=true"
		if i%4 >= 2 {
			path = backend.Path("things") + "?watch=true"
		}
		paths = append(paths, path)
	}
	watches := ask(t, plane, paths)
	slow := ask(t, plane, []string{backend.Path("slow")})
	arrived(t, backend, "slow")

	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.refuses(t)
	for range paths {
		if end := <-watches; end.err != nil || end.status != http.StatusOK {
			t.Errorf("watch %s ended with %d, %v; want a clean end", end.path, end.status, end.err)
		}
	}
	select {
	case end := <-slow:
		t.Errorf("the slow request ended before its response: %d, %v", end.status, end.err)
	default:
	}
	close(release)
	if end := <-slow; end.err != nil || end.status != http.StatusOK {
		t.Errorf("the slow request ended with %d, %v; want its response", end.status, end.err)
	}
	if err := p.ended(); err != nil {
		t.Error(err)
	}
	if strings.Contains(p.stderr.String(), stoppedEarly) {
		t.Error("the proxy waited until its timeout")
	}
}

// TestStopIsBounded stops a proxy with a request that never ends.
func TestStopIsBounded(t *testing.T) {
	t.Parallel()
	p, plane, backend := hanging(t, "-v", "1")
	hung := ask(t, plane, []string{backend.Path("hung")})
	arrived(t, backend, "hung")
	began := time.Now()
	if err := p.stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took < 3*time.Second || took > 20*time.Second {
		t.Errorf("ended after %s, want about 4 s", took)
	}
	if end := <-hung; end.err == nil {
		t.Errorf("the hung request ended with %d", end.status)
	}
	if !strings.Contains(p.stderr.String(), stoppedEarly) {
		t.Errorf("stderr does not contain %q", stoppedEarly)
	}
}

// TestSecondSignalEndsAtOnce checks that a second signal ends the proxy while a request hangs.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	p, plane, backend := hanging(t, "--shutdown-delay-duration", "1m")
	ask(t, plane, []string{backend.Path("hung")})
	arrived(t, backend, "hung")
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	// During the delay, the proxy serves requests, but its readiness fails, so that load balancers stop using it.
	client := plane.HTTPClient(t, "jane", "system:masters")
	eventually(t, "/readyz to fail", func(context.Context) error {
		status, body := fetch(t, client, p.url+"/readyz")
		if status != http.StatusInternalServerError || !strings.Contains(body, "[-]shutdown failed") {
			return fmt.Errorf("status %d", status)
		}
		return nil
	})
	for _, path := range []string{"/livez", "/api/v1/namespaces"} {
		if status, body := fetch(t, client, p.url+path); status != http.StatusOK {
			t.Errorf("%s while it is about to stop: %d %s", path, status, body)
		}
	}
	began := time.Now()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := p.ended(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("ended with %v, want the signal", err)
	}
	if took := time.Since(began); took > 20*time.Second { // much less than the delay of a minute
		t.Errorf("the second signal took %s", took)
	}
}
