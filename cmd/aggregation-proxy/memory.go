package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// While starting, nothing is worth collecting. Then a little more time in collection saves a third of the memory,
	// which is what this process uses most of.
	gcPercentStarting, gcPercent = 400, 50
	// How often to look whether work is over. The first time the controllers have read everything.
	lookPeriod = 5 * time.Second
	// What is allocated in a period when there is no work but the control plane's own, and rather more.
	calm = 10 << 20
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
	setGCPercent(gcPercent)
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
		if now-last < calm && now-returned > worthwhile {
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
