package faults_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// load sends requests without pauses. Each must get the response to it.
type load struct {
	answered atomic.Int64
	failure  atomic.Pointer[error]
	cancel   context.CancelFunc
	senders  sync.WaitGroup
}

// startLoad sends requests to the backend over both protocols, until stop is called.
func (s *suite) startLoad(t *testing.T, b *proxytest.Backend) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{cancel: cancel}
	for i, client := range append(s.clients(t), s.clients(t)...) {
		l.senders.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				err := s.exchange(ctx, client, b.Path("load", fmt.Sprintf("%d-%d", i, n)))
				if err != nil && ctx.Err() == nil {
					l.failure.CompareAndSwap(nil, &err)
				}
				l.answered.Add(1)
			}
		})
	}
	t.Cleanup(func() {
		cancel()
		l.senders.Wait()
	})
	return l
}

// exchange sends a request with its path in the body, and checks that both come back.
func (s *suite) exchange(ctx context.Context, client *http.Client, path string) error {
	a, err := s.Try(ctx, client, http.MethodPost, path, nil, strings.NewReader(path))
	if err != nil {
		return err
	}
	var seen proxytest.Echo
	if a.Status != http.StatusOK || json.Unmarshal([]byte(a.Body), &seen) != nil || seen.Target != path || seen.Body != path {
		return fmt.Errorf("POST %s answers %d %s", path, a.Status, a.Body)
	}
	return nil
}

// flow waits for a number of requests.
func (l *load) flow(t *testing.T) {
	t.Helper()
	const good = 100
	target := l.answered.Load() + good
	proxytest.Eventually(t, "load", proxytest.Patience, func(context.Context) error {
		if l.answered.Load() < target {
			return errors.New("not yet")
		}
		return nil
	})
}

// stop stops the load, and checks that all requests were answered.
func (l *load) stop(t *testing.T) {
	t.Helper()
	l.cancel()
	l.senders.Wait()
	if failure := l.failure.Load(); failure != nil {
		t.Errorf("of %d requests one or more failed, the first: %v", l.answered.Load(), *failure)
	}
}

// atLeast returns an error if there are too few.
func atLeast(wanted, got int) error {
	if got < wanted {
		return fmt.Errorf("there are %d of %d", got, wanted)
	}
	return nil
}
