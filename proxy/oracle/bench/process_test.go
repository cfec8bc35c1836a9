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

// processorTime is what the proxy has used up to now, on all threads, in its own code and in the kernel's.
func (t target) processorTime(b *testing.B) time.Duration {
	b.Helper()
	if t.proxy == nil {
		return 0
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", t.proxy.Pid))
	if err != nil {
		b.Fatalf("%s: %v", t.name, err)
	}
	// The name, which is second and in parentheses, may have blanks; utime and stime are fields 14 and 15.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	ticks := 0
	for _, field := range fields[11:13] {
		n, err := strconv.Atoi(field)
		if err != nil {
			b.Fatalf("%s: processor time in %s: %v", t.name, stat, err)
		}
		ticks += n
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
		for _, process := range t.processes {
			sum += resident(b, process)
		}
		if t.proxy != nil {
			r.add(memory, measure, t.name, sum)
		}
	}
}
