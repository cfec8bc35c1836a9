package kubecodegen

import (
	"bytes"
	"fmt"
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
			return float64(most) / (1 << 10)
		case <-time.After(sampleTime):
			most = max(most, residentMemory(cmd.Process.Pid))
		}
	}
}

// residentMemory returns the memory of a process and its descendants, in KiB.
func residentMemory(root int) int {
	type process struct {
		parent  int
		command string
	}
	processes := map[int]process{}
	files, _ := filepath.Glob("/proc/[0-9]*/stat") // only fails if the pattern is invalid
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has exited
		}
		// The second field, the name in parentheses, may contain spaces. ppid is field 4.
		_, rest, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(rest)
		if len(fields) < 2 {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		parent, _ := strconv.Atoi(fields[1])
		command, err := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		if err != nil {
			continue
		}
		processes[pid] = process{parent, string(command)}
	}
	sum := 0
	for pid, p := range processes {
		if pid != root && p.command == processes[p.parent].command {
			continue // between fork and exec, a process shares its parent's memory, which must not count twice
		}
		for ancestor, steps := pid, 0; ancestor > 1 && steps < len(processes); ancestor, steps = processes[ancestor].parent, steps+1 {
			if ancestor == root {
				sum += proportionalMemory(pid)
				break
			}
		}
	}
	return sum
}

// proportionalMemory returns the resident memory of a process in KiB, or 0 if it has exited. Each process counts its part of a shared page, so that
// processes of one program, such as builder's, count the program once.
func proportionalMemory(pid int) int {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(content), "\nPss:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	size, _ := strconv.Atoi(fields[0])
	return size
}
