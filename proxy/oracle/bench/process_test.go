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
	// A control plane idles for idleTime after it is ready, before its memory is measured. After load, it rests for settleTime.
	idleTime, settleTime = 30 * time.Second, 5 * time.Second
	// clockTick is the unit of processor time in /proc, on every architecture.
	clockTick = time.Second / 100
)

// processorTime returns the processor time of processes so far, of all threads, in user mode and in the kernel.
func processorTime(t testing.TB, processes []*os.Process) time.Duration {
	t.Helper()
	ticks := 0
	for _, process := range processes {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		// The second field, the name in parentheses, may contain blanks. utime and stime are fields 14 and 15.
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

// resident returns the resident memory of a process, in MiB.
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

// measureMemory measures all processes of each control plane after it has idled.
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
