package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// While starting, nothing is worth collecting. With much to do, half as many collections as when calm take a
	// tenth of the time off each request; what that takes of memory is given back when it is over. Otherwise memory is
	// what this process uses most of.
	gcPercentStarting, gcPercentBusy, gcPercentCalm = 400, 100, 50
	// How often to look whether work is over.
	lookPeriod = 2 * time.Second
	// What is allocated in a period when there is no work but the control plane's own, and rather more.
	calm = 4 << 20
	// How much garbage is worth collecting: as much as the collector itself waits for.
	worthwhile = 32 << 20
)

// setGCPercent gives way to whoever says what they want with GOGC.
func setGCPercent(percent int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}

// returnMemory gives what starting took back to the system, and later what a time of much work took.
func returnMemory(ctx context.Context) {
	setGCPercent(gcPercentCalm)
	debug.FreeOSMemory()
	ticker := time.NewTicker(lookPeriod)
	defer ticker.Stop()
	last, returned := allocated(), uint64(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := allocated()
		if now-last >= calm {
			setGCPercent(gcPercentBusy)
		} else if now-returned > worthwhile {
			setGCPercent(gcPercentCalm)
			debug.FreeOSMemory()
			returned = now
		}
		last = now
	}
}

// allocated is how many bytes have ever been.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
