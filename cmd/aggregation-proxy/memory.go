package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// At the start, there is little garbage to collect. Under load, half as many collections as when calm save a tenth of the time
	// of a request, and the memory is returned when the load is over. Otherwise, memory is the scarcest resource of this process.
	gcPercentStarting, gcPercentBusy, gcPercentCalm = 400, 100, 50
	// lookPeriod is the interval between checks for the end of the load.
	lookPeriod = 2 * time.Second
	// calm is the number of bytes allocated in a period that only the control plane itself allocates, with a margin.
	calm = 4 << 20
	// worthwhile is the amount of garbage that starts a collection, the same as the collector's minimum.
	worthwhile = 32 << 20
)

// setGCPercent sets the collector's target, unless the user has set GOGC.
func setGCPercent(percent int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}

// returnMemory returns memory to the operating system after the start, and later after each time of load.
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

// allocated returns the number of bytes that were ever allocated.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
