package bench

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	// How long a control plane idles, once it is ready, before its memory is looked at; and how long it rests afterwards.
	idleTime, settleTime = 30 * time.Second, 5 * time.Second
	// clockTick is what /proc counts processor time in, on every architecture.
	clockTick = time.Second / 100
)

// processorTime is what processes have used up to now, on all threads, in their own code and in the kernel's.
func processorTime(t testing.TB, processes []*os.Process) time.Duration {
	t.Helper()
	ticks := 0
	for _, process := range processes {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		// The name, which is second and in parentheses, may have blanks; utime and stime are fields 14 and 15.
		_, rest, _ := strings.Cut(string(stat), ") ")
		for _, field := range strings.Fields(rest)[11:13] {
			n, err := strconv.Atoi(field)
			if err != nil {
				t.Fatalf("processor time in %s: %v", stat, err)
			}
			ticks += n
		}
	}
	return time.Duration(ticks) * clockTick
}

// resident is how much of a process is in memory, in MiB.
func resident(b *testing.B, process *os.Process) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	line, _, _ := strings.Cut(rest, " kB\n")
	kibibytes, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		b.Fatalf("VmRSS of process %d: %v", process.Pid, err)
	}
	return float64(kibibytes) / 1024
}

// measureMemory looks at all processes of each control plane after a while of idling.
func (s *setup) measureMemory(b *testing.B, r *report, measure string, idle time.Duration) {
	b.Helper()
	time.Sleep(idle)
	for _, t := range s.targets {
		sum := 0.0
		for _, process := range t.controlPlane {
			sum += resident(b, process)
		}
		if sum > 0 {
			r.add(memory, measure, t.name, sum)
		}
	}
}
