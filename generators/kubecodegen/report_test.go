package kubecodegen

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// The measurements, in the order of the report.
const (
	fruitScript    = "fruit, kube_codegen.sh again"
	fruitRerun     = "fruit, builder, everything anew"
	fruitOneType   = "fruit, builder, one type changed"
	fruitUnchanged = "fruit, builder, nothing changed"
	twentyScript   = "20 groups, kube_codegen.sh again"
	twentyRerun    = "20 groups, builder, everything anew"
	hundredRerun   = "100 groups, builder, everything anew"
)

var measured = []string{fruitScript, fruitRerun, fruitOneType, fruitUnchanged, twentyScript, twentyRerun, hundredRerun}

// speedups lists the ratios of the script's time to builder's. The script always does the same, whatever has changed.
var speedups = []struct{ name, script, builder string }{
	{"rerun", fruitScript, fruitRerun},
	{"one-type", fruitScript, fruitOneType},
	{"unchanged", fruitScript, fruitUnchanged},
	{"groups-20", twentyScript, twentyRerun},
}

// A report contains the measurements.
type report struct {
	usages map[string][]usage
	peaks  map[string]peaks // by project
}

// peaks contains the peak memory of all processes of a run, in MiB.
type peaks struct{ ours, theirs float64 }

func (r *report) add(what string, u usage) { r.usages[what] = append(r.usages[what], u) }

// median returns the median of a quantity, in seconds.
func (r *report) median(what string, of func(usage) time.Duration) float64 {
	var all []float64
	for _, u := range r.usages[what] {
		all = append(all, of(u).Seconds())
	}
	slices.Sort(all)
	n := len(all)
	return (all[(n-1)/2] + all[n/2]) / 2
}

func wall(u usage) time.Duration { return u.wall }

func processor(u usage) time.Duration { return u.processor }

func (r *report) print(out io.Writer) {
	fmt.Fprintf(out, "\n%-40s%10s%10s\n", "seconds", "wall", "CPU")
	for _, what := range measured {
		fmt.Fprintf(out, "%-40s%10.2f%10.2f\n", what, r.median(what, wall), r.median(what, processor))
	}
	fmt.Fprintf(out, "\n%-40s%10s%17s\n", "peak memory, MiB", "builder", "kube_codegen.sh")
	for _, p := range []string{"fruit", "groups-20"} {
		fmt.Fprintf(out, "%-40s%10.0f%17.0f\n", p, r.peaks[p].ours, r.peaks[p].theirs)
	}
}

// printRatios prints the ratios of the script's time to builder's, of builder's memory to the script's, and of the cost of a group in a
// project of 100 groups to that in a project of 20.
func (r *report) printRatios(out io.Writer) {
	for _, s := range speedups {
		fmt.Fprintf(out, "ratio %s %.3f\n", s.name, r.median(s.script, wall)/r.median(s.builder, wall))
	}
	worst := 0.0
	for _, p := range r.peaks {
		worst = max(worst, p.ours/p.theirs)
	}
	fmt.Fprintf(out, "ratio peak-memory %.3f\n", worst)
	fmt.Fprintf(out, "ratio growth-100 %.3f\n", r.median(hundredRerun, wall)/100/(r.median(twentyRerun, wall)/20))
}
