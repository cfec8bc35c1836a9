package main

import (
	"context"
	"os"
	"time"
)

// parentPoll is the maximum lifetime of an orphan.
const parentPoll = 200 * time.Millisecond

// withParent returns a context that ends when the parent process ends, because an orphan gets another parent. Polling works on
// every system, and for any end of the parent.
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
