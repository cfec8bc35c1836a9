package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	// workers send requests concurrently. Each sends the next request after the response to the last one.
	workers = 16
	// warmUp divides the duration of a round. That part is run before the round, and not measured.
	warmUp = 5
	// A response may be this many bytes longer than the first one, because resourceVersions get longer.
	mayGrow = 8
)

// workload is a sequence of similar calls.
type workload struct {
	name string
	// next returns a call to the target at a URL.
	next func(url string) call
	// distinct is set if each target has its own objects.
	distinct bool
	// sizes contains the size of the response body, by the target's URL.
	sizes map[string]int
	// clean restores the state before a round.
	clean func(b *testing.B)
}

func (s *setup) workloads(b *testing.B) []*workload {
	b.Helper()
	nothing := func(*testing.B) {}
	admin := s.clients(b)[0]
	var created atomic.Int64
	return []*workload{
		{name: get, next: func(string) call { return getOne() }, clean: nothing},
		{name: list, next: func(string) call { return listAll() }, clean: nothing},
		{
			name: create,
			next: func(string) call { return createFlunder(fmt.Sprintf("created-%09d", created.Add(1)), createdValue) },
			clean: func(b *testing.B) {
				call{http.MethodDelete, deleteCreated, "", http.StatusOK}.mustSend(b, admin, s.direct)
			},
		},
	}
}

// measureLoad measures all targets in turn. Each round starts with another target.
func (s *setup) measureLoad(b *testing.B, r *report, w *workload) {
	b.Helper()
	clients := s.clients(b)
	w.check(b, s.targets, clients)
	for round := range *rounds {
		for i := range s.targets {
			t := s.targets[(round+i)%len(s.targets)]
			w.mustRun(b, clients, t.url, *duration/warmUp)
			parties := s.parties(t)
			before := processorTimes(b, parties)
			took, elapsed := w.mustRun(b, clients, t.url, *duration)
			after := processorTimes(b, parties)
			w.clean(b)

			r.add(w.name, throughput, t.name, float64(len(took))/elapsed.Seconds())
			r.add(w.name, median, t.name, milliseconds(percentile(took, 50)))
			r.add(w.name, tail, t.name, milliseconds(percentile(took, 99)))
			servers := 0.0
			for i, party := range parties {
				figure := (after[i] - before[i]).Seconds() * 1e6 / float64(len(took))
				r.add(w.name, party.measure, t.name, figure)
				if party.measure != clientProcessor {
					servers += figure
				}
			}
			r.add(w.name, serversProcessor, t.name, servers)
		}
	}
}

// party is a process that takes part in a request.
type party struct {
	measure   string
	processes []*os.Process
}

// parties returns the processes that share the machine, so that the throughput depends on all of them.
func (s *setup) parties(t target) []party {
	others := []party{{extensionProcessor, s.extension}, {clientProcessor, s.self}}
	if t.proxy == nil {
		return others
	}
	return append([]party{{proxyProcessor, []*os.Process{t.proxy}}}, others...)
}

func processorTimes(b *testing.B, parties []party) []time.Duration {
	b.Helper()
	var times []time.Duration
	for _, party := range parties {
		times = append(times, processorTime(b, party.processes))
	}
	return times
}

// check checks that all targets send the same response over all connections, which it opens, and records its size. If each call
// creates an object, only the sizes must be equal.
func (w *workload) check(b *testing.B, targets []target, clients []*http.Client) {
	b.Helper()
	first, from := "", targets[0]
	w.sizes = map[string]int{}
	for _, t := range targets {
		if w.distinct {
			first, from = "", t
		}
		for _, client := range clients {
			c := w.next(t.url)
			body := c.mustSend(b, client, t.url)
			if first == "" {
				first = body
			}
			w.sizes[t.url] = len(first)
			if same := body == first || c.method == http.MethodPost && w.fits(t.url, len(body)); !same {
				b.Fatalf("%s: %s answers\n%.2000s\nwhere %s answers\n%.2000s", w.name, t.name, body, from.name, first)
			}
		}
		if items := strings.Count(first, `"uid"`); w.name == list && items != listed {
			b.Fatalf("%s: %d objects, want %d", w.name, items, listed)
		}
	}
	w.clean(b)
}

func (w *workload) fits(url string, size int) bool {
	return size >= w.sizes[url] && size <= w.sizes[url]+mayGrow
}

// mustRun sends calls for a while. It returns the sorted durations of the calls, and the total duration.
func (w *workload) mustRun(b *testing.B, clients []*http.Client, url string, d time.Duration) ([]time.Duration, time.Duration) {
	b.Helper()
	var (
		all     = make([][]time.Duration, workers)
		errs    = make([]error, workers)
		group   sync.WaitGroup
		started = time.Now()
	)
	for i := range workers {
		group.Go(func() { all[i], errs[i] = w.run(b.Context(), clients[i%len(clients)], url, started.Add(d)) })
	}
	group.Wait()
	elapsed := time.Since(started)
	for _, err := range errs {
		if err != nil {
			b.Fatalf("%s: %v", w.name, err)
		}
	}
	took := slices.Concat(all...)
	slices.Sort(took)
	return took, elapsed
}

// run sends one worker's calls until the time has passed.
func (w *workload) run(ctx context.Context, client *http.Client, url string, until time.Time) (took []time.Duration, err error) {
	for {
		c, started := w.next(url), time.Now()
		if started.After(until) {
			return took, nil
		}
		size, err := c.send(ctx, client, url, io.Discard)
		if err != nil {
			return nil, err
		}
		if !w.fits(url, size) {
			return nil, fmt.Errorf("a response from %s has %d bytes, want %d", url, size, w.sizes[url])
		}
		took = append(took, time.Since(started))
	}
}

// percentile returns a percentile of sorted values.
func percentile(sorted []time.Duration, p int) time.Duration { return sorted[(len(sorted)-1)*p/100] }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
