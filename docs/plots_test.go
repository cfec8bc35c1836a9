package docs

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// plots contains the plots of benchmark figures. Each compares figures with a reference, whose value is 1.
var plots = []plot{
	{
		name: "custom-resource", title: "An aggregated API compared with the same API as a custom resource", reference: "custom resource = 1",
		panels: []panel{
			{"Requests per second", true, []figure{
				{"GET", "aggregated-get-throughput"}, {"LIST of 500", "aggregated-list-throughput"}, {"create", "aggregated-create-throughput"},
			}},
			{"CPU time", false, []figure{
				{"GET", "aggregated-get-cpu"}, {"LIST of 500", "aggregated-list-cpu"}, {"create", "aggregated-create-cpu"},
				{"validation only", "validation"},
			}},
		},
	},
	{
		name: "codegen", title: "builder generate compared with kube_codegen.sh", reference: "kube_codegen.sh = 1",
		panels: []panel{
			{"Speed", true, []figure{{"1 group", "rerun"}, {"1 group, 1 type changed", "one-type"}, {"20 groups", "groups-20"}}},
			{"Peak memory", false, []figure{{"1 or 20 groups", "peak-memory"}}},
		},
	},
	{
		name: "proxy", title: "aggregation-proxy compared with kube-apiserver", reference: "kube-apiserver = 1",
		panels: []panel{
			{"Requests per second, proxied", true, []figure{
				{"GET", "get-throughput"}, {"LIST of 500", "list-throughput"}, {"create", "create-throughput"},
			}},
			{"Time and memory", false, []figure{
				{"CPU time per GET", "get-cpu"}, {"start to ready", "ready-time"}, {"memory", "resident-memory"},
			}},
		},
	},
}

type plot struct {
	name, title, reference string
	panels                 []panel
}

// A panel contains figures of one kind: either larger values are better in all of them, or smaller ones.
type panel struct {
	title   string
	more    bool
	figures []figure
}

// A figure is a ratio in benchmarks.txt.
type figure struct{ label, ratio string }

// The dimensions of a plot in pixels.
const (
	panelWidth = 400
	panelGap   = 30
	panelTop   = 62
	barsLeft   = 150 // labels are to the left
	barsWidth  = 195
	valueX     = barsWidth + 45 // the right edge of the values, relative to barsLeft
	rowHeight  = 24
)

// A plotPicture is the data of plot.svg.tmpl.
type plotPicture struct {
	palette
	Title, Reference    string
	Width, Height, Foot int
	BarsLeft, ValueX    int
	Panels              []panelPicture
}

type panelPicture struct {
	Title, Better string
	X, ReferenceX int
	Bars          []barPicture
}

type barPicture struct {
	Label, Value string
	Y, Width     int
	Worse        bool
}

// draw returns the picture of a plot. The bars of a panel share a linear scale that contains the reference at 1.
func (p plot) draw(t *testing.T, colors palette) plotPicture {
	t.Helper()
	ratios := benchmarks(t)
	rows := 0
	for _, panel := range p.panels {
		rows = max(rows, len(panel.figures))
	}
	foot := panelTop + rows*rowHeight + 8
	picture := plotPicture{
		palette: colors, Title: p.title, Reference: p.reference, Height: foot + 22, Foot: foot,
		Width: len(p.panels)*(panelWidth+panelGap) - panelGap, BarsLeft: barsLeft, ValueX: valueX,
	}
	for i, panel := range p.panels {
		longest := 1.0
		for _, f := range panel.figures {
			if ratios[f.ratio] == 0 {
				t.Fatalf("docs/images/benchmarks.txt has no line for %q", f.ratio)
			}
			longest = max(longest, ratios[f.ratio])
		}
		scaled := func(ratio float64) int { return max(1, int(ratio/longest*barsWidth+0.5)) }
		drawn := panelPicture{Title: panel.title, Better: "less is better", X: i * (panelWidth + panelGap), ReferenceX: barsLeft + scaled(1)}
		if panel.more {
			drawn.Better = "more is better"
		}
		for row, f := range panel.figures {
			ratio := ratios[f.ratio]
			drawn.Bars = append(drawn.Bars, barPicture{
				Label: f.label, Value: threeDigits(ratio), Y: panelTop + row*rowHeight, Width: scaled(ratio),
				Worse: panel.more == (ratio < 1),
			})
		}
		picture.Panels = append(picture.Panels, drawn)
	}
	return picture
}

// threeDigits formats a ratio with about three significant digits.
func threeDigits(ratio float64) string {
	decimals := 2
	switch {
	case ratio >= 10:
		decimals = 0
	case ratio < 0.1:
		decimals = 3
	}
	return strconv.FormatFloat(ratio, 'f', decimals, 64)
}

// benchmarks returns the ratios in benchmarks.txt, from the lines "ratio NAME VALUE" that the benchmarks print. It ignores other lines.
func benchmarks(t *testing.T) map[string]float64 {
	t.Helper()
	content, err := os.ReadFile("images/benchmarks.txt")
	if err != nil {
		t.Fatal(err)
	}
	ratios := map[string]float64{}
	for i, line := range strings.Split(string(content), "\n") {
		fields := strings.Fields(line)
		if len(fields) != 3 || fields[0] != "ratio" {
			continue
		}
		value, err := strconv.ParseFloat(fields[2], 64)
		if err != nil || value <= 0 {
			t.Fatalf("docs/images/benchmarks.txt:%d: %q is not a positive number", i+1, fields[2])
		}
		if _, ok := ratios[fields[1]]; ok {
			t.Fatalf("docs/images/benchmarks.txt:%d: %s is there twice", i+1, fields[1])
		}
		ratios[fields[1]] = value
	}
	return ratios
}

// computed lists the ratios that no page shows, because the pages show the times and the memory that they are computed from.
var computed = []string{"rerun", "one-type", "groups-20", "peak-memory"}

// TestFiguresAreInPages verifies that the tables in the pages about performance contain the plotted figures.
func TestFiguresAreInPages(t *testing.T) {
	shown := map[string]bool{}
	for _, page := range []string{"performance.md", "crd-or-aggregation.md"} {
		content, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, cell := range strings.Split(string(content), "|") {
			shown[strings.TrimSpace(cell)] = true
		}
	}
	for name, ratio := range benchmarks(t) {
		if !slices.Contains(computed, name) && !shown[threeDigits(ratio)] {
			t.Errorf("no table shows %s, %s: update the page or docs/images/benchmarks.txt", name, threeDigits(ratio))
		}
	}
}
