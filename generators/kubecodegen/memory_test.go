package kubecodegen

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// sampleTime is the interval between samples of memory. Sampling uses CPU time, so sampled runs are not timed.
const sampleTime = 10 * time.Millisecond

// peak runs a command, and returns the maximum of the memory that its processes used together, in MiB.
func peak(tb testing.TB, cmd *exec.Cmd) float64 {
	tb.Helper()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		tb.Fatalf("memory is read from /proc: %v", err)
	}
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	most := 0
	for {
		select {
		case err := <-done:
			if err != nil {
				tb.Fatalf("%s: %v\n%s", cmd, err, &output)
			}
			if most == 0 {
				tb.Fatalf("%s was never seen in /proc", cmd)
			}
			return float64(most) * float64(os.Getpagesize()) / (1 << 20)
		case <-time.After(sampleTime):
			most = max(most, residentPages(cmd.Process.Pid))
		}
	}
}

// residentPages returns the number of pages that a process and its descendants have in memory.
func residentPages(root int) int {
	type process struct{ parent, pages int }
	processes := map[int]process{}
	files, _ := filepath.Glob("/proc/[0-9]*/stat") // only fails if the pattern is invalid
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has exited
		}
		// The second field, the name in parentheses, may contain spaces. ppid and rss are fields 4 and 24.
		_, rest, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(rest)
		if len(fields) < 22 {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		parent, _ := strconv.Atoi(fields[1])
		pages, _ := strconv.Atoi(fields[21])
		processes[pid] = process{parent, pages}
	}
	sum := 0
	for pid, p := range processes {
		for ancestor, steps := pid, 0; ancestor > 1 && steps < len(processes); ancestor, steps = processes[ancestor].parent, steps+1 {
			if ancestor == root {
				sum += p.pages
				break
			}
		}
	}
	return sum
}
