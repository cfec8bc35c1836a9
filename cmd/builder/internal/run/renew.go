package run

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// components are the project's own processes.
var components = []string{apiserver, controllerManager}

func (r *runner) validity() time.Duration { return cmp.Or(r.Validity, defaultValidity) }

func (r *runner) tokenFile(component string) string {
	return filepath.Join(r.state, component+".token")
}

// writeTokens gives each process a new token.
func (r *runner) writeTokens(ctx context.Context) error {
	for _, component := range components {
		err := r.cluster.writeToken(ctx, r.tokenFile(component), r.Project.Namespace(), r.Project.Name+"-"+component, r.validity())
		if err != nil {
			return err
		}
	}
	return nil
}

// keepCurrent renews what the project's processes are known by until ctx is done. The proxy does so with what is its own.
func (r *runner) keepCurrent(ctx context.Context) {
	// By the wall clock, which is what ends them: a timer until then would be late by the time that the machine slept.
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
		if !renewalDue(r.issued, now, r.validity()) {
			continue
		}
		if err := r.renew(ctx, now); err != nil && ctx.Err() == nil {
			r.show(event{Lines: []string{fmt.Sprintf("renewing certificates and tokens failed, and is tried again in %s: %v", every, err)}})
		}
	}
}

// renewalDue tells whether what was issued is near its end, or was issued by a clock that has been set back since.
func renewalDue(issued, now time.Time, validity time.Duration) bool {
	// Round leaves out the monotonic clock, which stops while the machine sleeps.
	age := now.Round(0).Sub(issued.Round(0))
	return age > validity*2/3 || age < -backdate
}

// renew renews tokens, the apiserver's certificate and its authority in the APIServices. Those who read them wait for nobody:
// the old ones are good for a while.
func (r *runner) renew(ctx context.Context, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, availableTimeout)
	defer cancel()
	var err error
	// The administrator's certificate has been renewed too.
	if r.cluster, err = newCluster(ctx, Kubeconfig(r.Dir), requestTimeout); err != nil {
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
