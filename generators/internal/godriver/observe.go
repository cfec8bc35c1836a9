package godriver

import (
	"cmp"
	"context"
	"sync"
)

// Answers records how the requests with one context were answered.
type Answers struct {
	mutex    sync.Mutex
	fallback error
}

type answersKey struct{}

var errFellBack = unhandled("packages were loaded once more")

// Observe returns a context, and the Answers to requests with it.
func Observe(ctx context.Context) (context.Context, *Answers) {
	answers := &Answers{}
	return context.WithValue(ctx, answersKey{}, answers), answers
}

// Fallback returns the reason why the go command answered a request, or nil if the driver answered all of them.
func (a *Answers) Fallback() error {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	return a.fallback
}

// RecordFallback records that the go command answered a request with ctx.
func RecordFallback(ctx context.Context, reason error) {
	if a, ok := ctx.Value(answersKey{}).(*Answers); ok {
		a.mutex.Lock()
		defer a.mutex.Unlock()
		a.fallback = cmp.Or(reason, errFellBack)
	}
}
