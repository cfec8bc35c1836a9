package controlplane

import (
	"context"
	"errors"
	"fmt"
	"time"

	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/klog/v2"
)

const (
	// drainTimeout limits the time until open connections end. Most of them are watches. kube-apiserver gives them a
	// minute.
	drainTimeout = 2 * time.Second
	// stopTimeout limits the time until all requests end. drainTimeout does not apply to a request that hangs.
	stopTimeout = 4 * time.Second
)

// addHooks adds hooks that run after the start. If one fails, the server ends with its error. The generic server would
// instead end the process, and print the stacks of all goroutines.
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

// fail ends the server with an error.
func (s *apiServer) fail(err error) {
	select {
	case s.failed <- err:
	default: // only the first failure is reported
	}
}

// runUntilDone runs the server, and concurrently waitReady, until ctx ends or a component fails. It returns the error of the component.
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
		klog.V(1).InfoS("Stopping before all requests have ended", "timeout", stopTimeout)
	}
	if ctx.Err() == nil && err == nil {
		return errors.New("the server stopped by itself")
	}
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// afterEnd returns a channel that closes when d has passed since the end of ctx.
func afterEnd(ctx context.Context, d time.Duration) <-chan struct{} {
	c := make(chan struct{})
	context.AfterFunc(ctx, func() { time.AfterFunc(d, func() { close(c) }) })
	return c
}
