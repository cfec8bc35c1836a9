package faults_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// The slack allows for connections of the test's own clients, and a lease that is being renewed. Each fault is repeated more often
// than that.
const (
	slackGoroutines = 30
	slackFiles      = 15
)

// ownPace matches goroutines that the control plane starts for each of its resources, independently of clients.
var ownPace = regexp.MustCompile(`k8s\.io/apiserver/pkg/storage/|google\.golang\.org/grpc`)

// vitals counts goroutines and files of the proxy, in which leaks show.
type vitals struct {
	// stacks counts goroutines by their functions, innermost first.
	stacks     map[string]int
	goroutines int
	// files is the number of open file descriptors, mostly connections, or 0 if the system does not report it.
	files int
}

func (v vitals) String() string { return fmt.Sprintf("%d goroutines, %d files", v.goroutines, v.files) }

func (s *suite) vitals(ctx context.Context, t *testing.T) vitals {
	t.Helper()
	profile, err := s.Client(t).Discovery().RESTClient().Get().RequestURI("/debug/pprof/goroutine?debug=1").DoRaw(ctx)
	if err != nil {
		t.Fatal(err)
	}
	v := vitals{stacks: map[string]int{}}
	for record := range strings.SplitSeq(string(profile), "\n\n") {
		v.add(record)
	}
	if v.goroutines == 0 {
		t.Fatalf("no goroutines in %.200s", profile)
	}
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.Process.Pid))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	v.files = len(files)
	return v
}

// add adds a record of a profile: "COUNT @ ADDRESS..." and a line for each function.
func (v *vitals) add(record string) {
	var functions []string
	count := 0
	for line := range strings.Lines(record) {
		if n, _, ok := strings.Cut(line, " @ "); ok {
			count, _ = strconv.Atoi(n)
		}
		if fields := strings.Fields(line); len(fields) == 4 && fields[0] == "#" {
			function, _, _ := strings.Cut(fields[2], "+0x")
			functions = append(functions, function)
		}
	}
	if ownPace.MatchString(record) {
		return
	}
	v.goroutines += count
	v.stacks[strings.Join(functions, " < ")] += count
}

// settled returns the vitals when they no longer change.
func (s *suite) settled(t *testing.T) vitals {
	t.Helper()
	const calm, close = time.Second, 3
	var v vitals
	since := time.Now()
	proxytest.Eventually(t, "calm", proxytest.Patience, func(ctx context.Context) error {
		now := s.vitals(ctx, t)
		if abs(now.goroutines-v.goroutines) > close || abs(now.files-v.files) > close {
			v, since = now, time.Now()
		}
		if time.Since(since) < calm {
			return fmt.Errorf("just now: %s", now)
		}
		return nil
	})
	return v
}

func abs(n int) int { return max(n, -n) }

// beyond returns an error with the growth if there are more than before.
func (v vitals) beyond(before vitals) error {
	if v.goroutines <= before.goroutines+slackGoroutines && v.files <= before.files+slackFiles {
		return nil
	}
	return fmt.Errorf("%s; before it was %s%s", v, before, v.growth(before))
}

// growth lists the functions with more goroutines than before, in descending order.
func (v vitals) growth(before vitals) string {
	type growth struct {
		by    int
		stack string
	}
	var grown []growth
	for stack, count := range v.stacks {
		if by := count - before.stacks[stack]; by > 0 {
			grown = append(grown, growth{by, stack})
		}
	}
	slices.SortFunc(grown, func(a, b growth) int { return b.by - a.by })
	var text strings.Builder
	for _, g := range grown[:min(len(grown), 10)] {
		fmt.Fprintf(&text, "\n%4d more: %s", g.by, g.stack)
	}
	return text.String()
}
