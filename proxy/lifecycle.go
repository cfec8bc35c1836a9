package proxy

import (
	"context"
	"errors"
	"fmt"
	"time"

	genericapiserver "k8s.io/apiserver/pkg/server"
)

const (
	// How long open connections, watches mostly, may take to end: a cluster's minute is for load balancers to notice.
	drainTimeout = 2 * time.Second
	// How long requests may take to end, all in all: one that hangs would be waited for, whatever the timeout above.
	stopTimeout = 4 * time.Second
)

// addHooks has the hooks run after the start. One that fails ends the server with its error: the generic server would
// end the process, and print what every goroutine was doing.
func (s *apiServer) addHooks(hooks map[string]genericapiserver.PostStartHookFunc) error {
	for name, hook := range hooks {
		err := s.GenericAPIServer.AddPostStartHook(name, func(hookContext genericapiserver.PostStartHookContext) error {
			err := hook(hookContext)
			if err == nil {
				return nil
			}
			s.fail(fmt.Errorf("%s: %w", name, err))
			<-hookContext.Done()
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// fail has run end with err.
func (s *apiServer) fail(err error) {
	select {
	case s.failed <- err:
	default: // the first failure is the one to tell
	}
}

// runUntilDone runs the server and, beside it, the wait for readiness, until ctx ends or something vital fails, and
// returns what did.
func (s *apiServer) runUntilDone(ctx context.Context, waitReady func(context.Context) error) error {
	prepared, err := s.PrepareRun()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case err := <-s.failed:
			cancel(err)
		case <-ctx.Done():
		}
	}()
	go func() {
		if err := waitReady(ctx); err != nil {
			s.fail(err)
		}
	}()
	ended := make(chan error, 1)
	go func() { ended <- prepared.Run(ctx) }()
	select {
	case err = <-ended:
	case <-afterEnd(ctx, s.GenericAPIServer.ShutdownDelayDuration+stopTimeout):
	}
	if ctx.Err() == nil && err == nil {
		return errors.New("the server stopped by itself")
	}
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// afterEnd sends some time after ctx has ended.
func afterEnd(ctx context.Context, d time.Duration) <-chan struct{} {
	c := make(chan struct{})
	context.AfterFunc(ctx, func() { time.AfterFunc(d, func() { close(c) }) })
	return c
}
