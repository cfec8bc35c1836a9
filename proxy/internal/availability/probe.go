package availability

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/transport"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

const (
	// A probe is up to five GETs, of which one has to succeed.
	attempts     = 5
	probeTimeout = 5 * time.Second
	// An available APIService's first GET has this long to itself; then the others come all at once.
	patience = 500 * time.Millisecond
	// Of what failed before, one GET a second is under way: what returns from hanging is seen before the probe ends.
	pace = time.Second
	// How often to look for an endpoint that this probe has not asked yet: they are chosen at random.
	draws = 20
	// What of a discovery document is read for the connection's sake, at most.
	drainBytes   = 1 << 20
	drainTimeout = 250 * time.Millisecond
)

// errChanged says that a probe was given up, because what it probed has changed.
var errChanged = errors.New("the APIService, its Service or its EndpointSlices changed")

// refusal is what a failed probe says.
type refusal struct{ error }

func (r *refusal) Unwrap() error { return r.error }

// probe asks for the APIService's discovery document. A *refusal is the backend's fault.
func (m *monitor) probe(ctx context.Context, apiService *apiregistrationv1.APIService) error {
	var cert, key []byte
	if m.config.ClientCertificate != nil {
		cert, key = m.config.ClientCertificate()
	}
	kept, err := m.connections.to(apiService, cert, key)
	if err != nil {
		return err
	}
	ref := apiService.Spec.Service
	started := time.Now()
	p := probe{
		resolve:   func() (*url.URL, error) { return m.config.Resolver.ResolveEndpoint(ref.Namespace, ref.Name, *ref.Port) },
		path:      discoveryPath(apiService),
		transport: kept,
		deadline:  started.Add(probeTimeout),
		pause:     pace,
		burst:     1,
		asked:     sets.New[string](),
	}
	if m.available {
		p.pause, p.burst = patience, attempts
	}
	err = p.run(ctx, m.changed)
	if ctx.Err() != nil || errors.Is(err, errChanged) {
		return err
	}
	if m.config.Observe != nil {
		m.config.Observe(m.name, time.Since(started), err)
	}
	if err != nil {
		kept.closeIdle()
		return &refusal{err}
	}
	return nil
}

// discoveryPath is one that every extension-apiserver has to serve.
func discoveryPath(apiService *apiregistrationv1.APIService) string {
	if apiService.Name == "v1." { // the core group
		return "/api/" + apiService.Spec.Version
	}
	return "/apis/" + apiService.Spec.Group + "/" + apiService.Spec.Version
}

// probe is one look at a backend.
type probe struct {
	resolve   func() (*url.URL, error)
	path      string
	transport http.RoundTripper
	deadline  time.Time
	// After every pause, burst more GETs begin.
	pause time.Duration
	burst int

	lock  sync.Mutex
	asked sets.Set[string] // by host and port
}

// run returns nil at the first success, and the last error when every attempt has failed: all of them begin when one
// fails. It leaves nothing running.
func (p *probe) run(ctx context.Context, changed <-chan struct{}) error {
	ctx, cancel := context.WithCancel(ctx)
	results := make(chan error, attempts)
	begun, ended := 0, 0
	begin := func(n int) {
		for range min(n, attempts-begun) {
			begun++
			go func() { results <- p.attempt(ctx) }()
		}
	}
	defer func() {
		cancel()
		for ; ended < begun; ended++ {
			<-results //nolint:errcheck // what comes late doesn't count
		}
	}()
	begin(1)
	pauses := time.NewTicker(p.pause)
	defer pauses.Stop()
	for {
		select {
		case err := <-results:
			ended++
			if err == nil || ended == attempts {
				return err
			}
			begin(attempts)
		case <-pauses.C:
			begin(p.burst)
		case <-changed:
			return errChanged
		}
	}
}

// attempt is one GET, to an endpoint of its own.
func (p *probe) attempt(ctx context.Context) error {
	location, err := p.endpoint()
	if err != nil {
		return err
	}
	location.Path = p.path
	if err := p.get(ctx, location.String()); err != nil {
		return fmt.Errorf("failing or missing response from %v: %w", &location, err)
	}
	return nil
}

// endpoint is one that no attempt has asked yet, if that can be: five times the same dead one of three would tell that
// all are dead, every few minutes.
func (p *probe) endpoint() (url.URL, error) {
	p.lock.Lock()
	defer p.lock.Unlock()
	var found *url.URL
	for range draws {
		var err error
		if found, err = p.resolve(); err != nil {
			return url.URL{}, err
		}
		if !p.asked.Has(found.Host) {
			break
		}
	}
	p.asked.Insert(found.Host)
	return *found, nil // a copy: the resolver may give out the same one again
}

func (p *probe) get(ctx context.Context, location string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, location, nil)
	if err != nil {
		return err
	}
	// An identity that is always allowed: this asks whether the server works, not what somebody may do.
	transport.SetAuthProxyHeaders(request, "system:kube-aggregator", "", []string{"system:masters"}, nil)
	client := http.Client{
		Transport:     p.transport,
		Timeout:       max(time.Until(p.deadline), time.Millisecond), // 0 would be no limit
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode < http.StatusOK || response.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("bad status from %v: %d", location, response.StatusCode)
	}
	// Only a connection that was read to the end can be used again; the answer itself doesn't matter.
	defer time.AfterFunc(drainTimeout, cancel).Stop()
	_, _ = io.CopyN(io.Discard, response.Body, drainBytes)
	return nil
}
