package main

import (
	"context"
	"os"
	"time"
)

// parentPoll is how long an orphan may live.
const parentPoll = 200 * time.Millisecond

// withParent returns a context that ends when the process that started this one does: an orphan gets another parent.
// Asking every now and then works on every system, whatever ended the parent.
func withParent(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	parent := os.Getppid()
	go func() {
		ticker := time.NewTicker(parentPoll)
		defer ticker.Stop()
		for os.Getppid() == parent {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
		cancel()
	}()
	return ctx, cancel
}
