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
	// A probe consists of up to five GETs. One of them must succeed.
	attempts     = 5
	probeTimeout = 5 * time.Second
	// lead is the time of the first GET to an available APIService before all others start.
	lead = 500 * time.Millisecond
	// attemptInterval is the time between GETs to an APIService whose last probe failed, so that the end of a hang is detected
	// before the probe ends.
	attemptInterval = time.Second
	// maxDraws is the number of attempts to select an endpoint that this probe has not used yet. They are selected at random.
	maxDraws = 20
	// These limits apply to reading a discovery document, which makes the connection reusable.
	drainBytes   = 1 << 20
	drainTimeout = 250 * time.Millisecond
)

// errChanged ends a probe because its APIService, Service or EndpointSlices changed.
var errChanged = errors.New("the APIService, its Service or its EndpointSlices changed")

// probeFailure is the error of a failed probe.
type probeFailure struct{ error }

func (r *probeFailure) Unwrap() error { return r.error }

// probe requests the APIService's discovery document. It returns a *probeFailure for an error of the backend.
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
		pause:     attemptInterval,
		burst:     1,
		asked:     sets.New[string](),
	}
	if m.available {
		p.pause, p.burst = lead, attempts
	}
	err = p.run(ctx, m.changed)
	if ctx.Err() != nil || errors.Is(err, errChanged) {
		return err
	}
	if m.config.OnProbe != nil {
		m.config.OnProbe(m.name, time.Since(started), err)
	}
	if err != nil {
		// The next probe must not reuse a connection of this one. http.Transport sends a GET again if a reused connection closes, and
		// a connection can become idle after closeIdle.
		m.connections.close()
		return &probeFailure{err}
	}
	return nil
}

// discoveryPath returns a path that every extension-apiserver serves.
func discoveryPath(apiService *apiregistrationv1.APIService) string {
	if apiService.Name == "v1." { // the core group
		return "/api/" + apiService.Spec.Version
	}
	return "/apis/" + apiService.Spec.Group + "/" + apiService.Spec.Version
}

// probe is a check of a backend.
type probe struct {
	resolve   func() (*url.URL, error)
	path      string
	transport http.RoundTripper
	deadline  time.Time
	// After every pause, burst more GETs start.
	pause time.Duration
	burst int

	lock  sync.Mutex
	asked sets.Set[string] // by host and port
}

// run returns nil at the first success, and the last error if all attempts failed. The first failure starts all remaining attempts.
// All goroutines have ended when it returns.
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

// attempt sends one GET, to an endpoint that no other attempt uses, if possible.
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

// endpoint returns one that no attempt has used, if possible. Otherwise, all attempts would now and then select the same dead
// endpoint, and the probe would fail.
func (p *probe) endpoint() (url.URL, error) {
	p.lock.Lock()
	defer p.lock.Unlock()
	var found *url.URL
	for range maxDraws {
		var err error
		if found, err = p.resolve(); err != nil {
			return url.URL{}, err
		}
		if !p.asked.Has(found.Host) {
			break
		}
	}
	p.asked.Insert(found.Host)
	return *found, nil // a copy, because the resolver may return the same URL again
}

func (p *probe) get(ctx context.Context, location string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, location, nil)
	if err != nil {
		return err
	}
	// This identity is always allowed. The probe checks whether the server works, not what a user may do.
	transport.SetAuthProxyHeaders(request, "system:kube-aggregator", "", []string{"system:masters"}, nil)
	client := http.Client{
		Transport:     p.transport,
		Timeout:       max(time.Until(p.deadline), time.Millisecond), // 0 would mean no limit
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
	// A connection is reusable only if the response is read to its end. Its content does not matter.
	defer time.AfterFunc(drainTimeout, cancel).Stop()
	_, _ = io.CopyN(io.Discard, response.Body, drainBytes)
	return nil
}
