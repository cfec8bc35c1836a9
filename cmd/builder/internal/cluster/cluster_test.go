package cluster

import (
	"context"
	"errors"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestWait ends the context during the first and during a later call, in both ways.
func TestWait(t *testing.T) {
	signal, unready := errors.New("interrupt signal received"), errors.New("not ready")
	for _, c := range []struct {
		name  string
		calls int // after how many calls the context ends
		end   func(context.Context) (context.Context, func())
		want  error
	}{
		{"interrupted at once", 1, interrupted(signal), signal},
		{"interrupted later", 2, interrupted(signal), signal},
		{"time over at once", 1, timeOver, context.DeadlineExceeded},
		{"time over later", 2, timeOver, unready},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, end := c.end(t.Context())
			calls := 0
			err := Wait(ctx, time.Millisecond, func(ctx context.Context) error {
				if calls++; calls < c.calls {
					return unready
				}
				end()
				return ctx.Err()
			})
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	if err := Wait(t.Context(), time.Millisecond, func(context.Context) error { return nil }); err != nil {
		t.Error(err)
	}
}

func interrupted(cause error) func(context.Context) (context.Context, func()) {
	return func(ctx context.Context) (context.Context, func()) {
		ctx, cancel := context.WithCancelCause(ctx)
		return ctx, func() { cancel(cause) }
	}
}

func timeOver(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	return ctx, func() { <-ctx.Done(); cancel() }
}

func TestAvailable(t *testing.T) {
	apiService := func(conditions ...any) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{"status": map[string]any{"conditions": conditions}}}
	}
	condition := func(kind, status string) map[string]any {
		return map[string]any{"type": kind, "status": status, "reason": "FailedDiscoveryCheck", "message": "no answer"}
	}
	for _, c := range []struct {
		name   string
		object *unstructured.Unstructured
		want   string
	}{
		{"no status", &unstructured.Unstructured{Object: map[string]any{}}, "it has no condition Available yet"},
		{"true", apiService(condition("Other", "False"), condition("Available", "True")), ""},
		{"false", apiService(condition("Available", "False")), "FailedDiscoveryCheck: no answer"},
		{"unknown", apiService(condition("Available", "Unknown")), "FailedDiscoveryCheck: no answer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			if err := Available(c.object); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
