package run

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"k8s.io/client-go/rest"

	"github.com/apiserver-builder/builder/internal/regular"
)

// A program is a running program of the project. It is nil if the program does not run.
type program struct {
	*process
	port   int
	binary digest
}

// A digest is the hash of a binary.
type digest [sha256.Size]byte

func digestOf(path string) (digest, error) {
	file, err := regular.Open(path)
	if err != nil {
		return digest{}, err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return digest{}, err
	}
	return digest(hash.Sum(nil)), nil
}

// A starter starts a program, for the first time or on trial beside the running one.
type starter func(name, path string, args []string) (*process, error)

func (r *runner) first(name, path string, args []string) (*process, error) {
	return r.children.start(name, path, args, nil)
}

// launch starts one of the project's programs on a free port, and waits until it is ready. If outdated returns true, or a program on trial
// fails, launch stops it.
func (r *runner) launch(ctx context.Context, name string, start starter, outdated func() bool) (*program, error) {
	port, err := freePort(r.proxyPort + 1)
	if err != nil {
		return nil, err
	}
	var args []string
	client, url := &http.Client{}, fmt.Sprintf("http://127.0.0.1:%d/readyz", port)
	if name == apiserver {
		if args, err = r.apiserverArguments(port); err != nil {
			return nil, err
		}
		if client, err = rest.HTTPClientFor(r.apiserverConfig()); err != nil {
			return nil, err
		}
		url = fmt.Sprintf("https://127.0.0.1:%d/readyz", port)
	} else {
		args = r.controllerManagerArguments(port)
	}
	binary, err := digestOf(r.binary(name))
	if err != nil {
		return nil, err
	}
	p, err := start(name, r.binary(name), args)
	if err != nil {
		return nil, err
	}
	if err := r.waitReady(ctx, p, client, url, outdated); err != nil {
		if p.trial.Load() {
			err = errors.Join(err, r.children.drop(p))
		}
		return nil, err
	}
	return &program{p, port, binary}, nil
}

// errOutdated reports that waiting for a program was ended, because its sources have changed again.
var errOutdated = errors.New("changed again")

// outdatedAfter is how long launch waits for a program even if its sources have changed, because it will probably be ready by then.
const outdatedAfter = 5 * time.Second

// waitReady waits until url responds with 200, or the program exits. After outdatedAfter, it returns an error if outdated, which may be
// nil, returns true.
func (r *runner) waitReady(ctx context.Context, p *process, client *http.Client, url string, outdated func() bool) error {
	defer client.CloseIdleConnections()
	started := time.Now()
	attempt, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	err := wait(attempt, readyTimeout, func(ctx context.Context) error {
		select {
		case <-p.done:
			giveUp(p.end)
		default:
		}
		if outdated != nil && time.Since(started) > outdatedAfter && outdated() {
			giveUp(errOutdated)
		}
		return getOK(ctx, client, url)
	})
	if err != nil && attempt.Err() == nil {
		return fmt.Errorf("the %s was not ready after %s: %w: see its log, %s", p.name, readyTimeout, err, r.children.logFile(p.name))
	}
	return err
}

// getOK returns an error unless url responds with 200.
func getOK(ctx context.Context, client *http.Client, url string) error {
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
}
