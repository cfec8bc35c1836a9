package bench

import (
	"fmt"
	"io"
	"slices"

	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// These are the measures of a part, with their units.
const (
	throughput         = "requests/s"
	median             = "p50, ms"
	tail               = "p99, ms"
	proxyProcessor     = "CPU, µs/request: proxy"
	extensionProcessor = "  what is behind it"
	serversProcessor   = "  all servers"
	clientProcessor    = "  the client"
	afterIdling        = "after 30 s idle, MiB"
	afterLoad          = "after the load, MiB"
	readyIn            = "start to ready, s"
	established        = "1,000 established in, s"
	fanOut             = "event to all 1,000, ms"
	growth             = "proxy's growth, KiB/watch"
)

// ratio is the ratio of the first column to the second, the worst of several measures.
type ratio struct {
	name, part string
	measures   []string
}

// proxyColumns are aggregation-proxy, kube-apiserver, and direct requests to the extension-apiserver.
var proxyColumns = []string{proxytest.AggregationProxy, proxytest.KubeAPIServer, "direct"}

var customRatios = []ratio{
	{"aggregated-get-throughput", get, []string{throughput}},
	{"aggregated-list-throughput", list, []string{throughput}},
	{"aggregated-create-throughput", create, []string{throughput}},
	{"aggregated-get-cpu", get, []string{serversProcessor}},
	{"aggregated-list-cpu", list, []string{serversProcessor}},
	{"aggregated-create-cpu", create, []string{serversProcessor}},
}

var proxyRatios = []ratio{
	{"get-throughput", get, []string{throughput}},
	{"get-cpu", get, []string{proxyProcessor}},
	{"get-p99", get, []string{tail}},
	{"list-throughput", list, []string{throughput}},
	{"create-throughput", create, []string{throughput}},
	{"ready-time", ready, []string{readyIn}},
	{"resident-memory", memory, []string{afterIdling, afterLoad}},
	{"watch-memory", watch, []string{growth}},
}

type row struct{ part, measure string }

type cell struct {
	row
	column string
}

// report contains the figures. Each round adds one to a cell.
type report struct {
	rows    []row
	figures map[cell][]float64
	columns []string
	ratios  []ratio
	printed int // the number of printed rows
}

func (r *report) add(part, measure, column string, figure float64) {
	line := row{part, measure}
	if !slices.Contains(r.rows, line) {
		r.rows = append(r.rows, line)
	}
	at := cell{line, column}
	r.figures[at] = append(r.figures[at], figure)
}

// median returns the median of a cell's figures. It reports false if there are none.
func (r *report) median(line row, column string) (float64, bool) {
	sorted := slices.Sorted(slices.Values(r.figures[cell{line, column}]))
	n := len(sorted)
	if n == 0 {
		return 0, false
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2, true
}

// print writes the new rows, with the medians of the columns.
func (r *report) print(out io.Writer) {
	if r.printed == 0 {
		fmt.Fprintf(out, "%-8s%-26s", "", "")
		for _, column := range r.columns {
			fmt.Fprintf(out, "%18s", column)
		}
		fmt.Fprintln(out)
	}
	for _, line := range r.rows[r.printed:] {
		fmt.Fprintf(out, "%-8s%-26s", line.part, line.measure)
		for _, column := range r.columns {
			cell := "-"
			if figure, ok := r.median(line, column); ok {
				cell = fmt.Sprintf("%.*f", decimals(figure), figure)
			}
			fmt.Fprintf(out, "%18s", cell)
		}
		fmt.Fprintln(out)
	}
	r.printed = len(r.rows)
}

func (r *report) printRatios(out io.Writer) {
	for _, ratio := range r.ratios {
		if worst, ok := r.worst(ratio.part, ratio.measures); ok {
			fmt.Fprintf(out, "ratio %s %.3f\n", ratio.name, worst)
		}
	}
}

// decimals returns the number of decimals that gives three digits.
func decimals(figure float64) int {
	switch {
	case figure < 10:
		return 2
	case figure < 100:
		return 1
	}
	return 0
}

func (r *report) worst(part string, measures []string) (worst float64, found bool) {
	for _, measure := range measures {
		ours, ok := r.median(row{part, measure}, r.columns[0])
		stock, okToo := r.median(row{part, measure}, r.columns[1])
		if ok && okToo {
			worst, found = max(worst, ours/stock), true
		}
	}
	return worst, found
}
