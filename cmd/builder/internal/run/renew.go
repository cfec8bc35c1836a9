package run

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/apiserver-builder/builder/cmd/builder/internal/programs"
)

func (r *runner) validity() time.Duration { return cmp.Or(r.Validity, defaultValidity) }

func (r *runner) tokenFile(component string) string {
	return filepath.Join(r.state, component+".token")
}

// writeTokens writes a new token for each process.
func (r *runner) writeTokens(ctx context.Context) error {
	for _, component := range programs.All() {
		err := r.cluster.writeToken(ctx, r.tokenFile(component), r.Project.Namespace(), r.Project.Name+"-"+component, r.validity())
		if err != nil {
			return err
		}
	}
	return nil
}

// keepCurrent renews the credentials of the project's processes until ctx is done. The proxy renews its own.
func (r *runner) keepCurrent(ctx context.Context) {
	// They expire by the wall clock. A timer for the whole period would be late by the time that the machine sleeps.
	every := min(time.Minute, r.validity()/30)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := time.Now()
		if !renewalDue(r.issued, now, r.validity()) { // only this goroutine renews
			continue
		}
		if err := r.renew(ctx, now); err != nil && ctx.Err() == nil {
			r.show(event{Lines: []string{fmt.Sprintf("renewing certificates and tokens failed, retrying in %s: %v", every, err)}})
		}
	}
}

// renewalDue reports whether credentials are near their end, or were issued before the clock was set back.
func renewalDue(issued, now time.Time, validity time.Duration) bool {
	// Round removes the monotonic clock, which stops while the machine sleeps.
	age := now.Round(0).Sub(issued.Round(0))
	return age > validity*2/3 || age < -backdate
}

// connect loads the administrator's kubeconfig again, because the proxy renews its certificate before it expires.
func (r *runner) connect() error {
	fresh, err := newAdministrator(Kubeconfig(r.Dir), requestTimeout)
	if err == nil {
		r.cluster = fresh
	}
	return err
}

// renew renews the tokens, the apiserver's certificate, and its CA in the APIServices. The old ones are valid for some time, so processes
// may reload them later.
func (r *runner) renew(ctx context.Context, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, availableTimeout)
	defer cancel()
	if err := r.connect(); err != nil {
		return err
	}
	if err := r.writeTokens(ctx); err != nil {
		return err
	}
	if err := r.cert.renew(now, r.validity()); err != nil {
		return err
	}
	for _, object := range r.apiServices {
		if err := setCABundle(object, r.cert.ca); err != nil {
			return err
		}
	}
	if err := r.cluster.apply(ctx, r.apiServices...); err != nil {
		return err
	}
	r.issued = now
	return nil
}
