// Package bench compares aggregation-proxy with the real kube-apiserver, with the same extension-apiserver behind both, and with
// direct requests to it. It measures them alternately, in short rounds, so that other load on the machine affects all of them.
package bench

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	rounds   = flag.Int("rounds", 9, "how often to measure each thing; the median counts")
	duration = flag.Duration("duration", time.Second, "how long a round of requests takes")
	only     = flag.String("only", "", "what to measure, comma-separated: "+strings.Join(parts, ", ")+" (default all)")
)

// parts lists the parts of the benchmark, in order. Memory is measured before and after the others.
var parts = []string{ready, watch, get, list, create, memory}

const (
	ready  = "ready"
	watch  = "watch"
	get    = "get"
	list   = "list"
	create = "create"
	memory = "memory"
)

// wanted contains the parts that -only names.
func wanted(b *testing.B) func(part string) bool {
	b.Helper()
	if *only == "" {
		return func(string) bool { return true }
	}
	names := strings.Split(*only, ",")
	for _, name := range names {
		if !slices.Contains(parts, name) {
			b.Fatalf("-only %s: there is no %q, there are %s", *only, name, strings.Join(parts, ", "))
		}
	}
	return func(part string) bool { return slices.Contains(names, part) }
}

// BenchmarkProxy runs the benchmark once, whatever b.N is. It fails if a response is wrong, but not because of bad figures.
func BenchmarkProxy(b *testing.B) {
	b.ReportMetric(0, "ns/op") // the default metric means nothing here
	want := wanted(b)
	useBuiltProxy(b)
	r := &report{figures: map[cell][]float64{}, columns: proxyColumns, ratios: proxyRatios}
	measure := func(part string, f func()) {
		if want(part) {
			f()
			r.print(os.Stdout)
		}
	}
	measure(ready, func() { measureReady(b, r) })
	if slices.ContainsFunc(parts[1:], want) {
		s := newSetup(b)
		measure(memory, func() { s.measureMemory(b, r, afterIdling, idleTime) })
		measure(watch, func() { s.measureWatches(b, r) })
		for _, w := range s.workloads(b) {
			measure(w.name, func() { s.measureLoad(b, r, w) })
		}
		measure(memory, func() { s.measureMemory(b, r, afterLoad, settleTime) })
	}
	r.printRatios(os.Stdout)
}
