// Package fuzz tests the generators with random types. They must reject types that cannot work, with a position and a plain sentence. With
// the remaining types, the generated project must build and pass its own tests.
package fuzz

import (
	"context"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	want  = flag.Int("types", 0, "how many random types to try")
	seed  = flag.Uint64("seed", 1, "the seed of the first project")
	cells = flag.Int("cells", 80, "values in the specs of a project")
	tests = flag.Bool("tests", true, "run the tests of the projects")
	small = flag.Bool("shrink", true, "look for the smallest program that has a finding, which takes minutes")
	keep  = flag.String("keep", "", "a folder to keep the projects in")
)

// TestTypes generates about -types random API types, in projects of about a hundred each.
func TestTypes(t *testing.T) {
	if *want == 0 {
		t.Skip("make test-fuzz runs it: go test ./generators/fuzz -types 1000")
	}
	tried, accepted, refused := 0, 0, map[string]int{}
	for s := *seed; tried < *want; s++ {
		p := random(s, *cells)
		tried += p.types()
		left := examine(t, s, p, refused)
		accepted += left
		t.Logf("seed %d: %d types so far, %d accepted", s, tried, accepted)
	}
	sentences := 0
	for sentence, n := range refused {
		t.Logf("refused %4d times: %s", n, sentence)
		sentences++
	}
	t.Logf("%d types, %d accepted, %d different refusals", tried, accepted, sentences)
}

// seen contains the sorts of findings that have been reported.
var seen = map[string]bool{}

// examine tests one project, and reports each finding in its smallest form. It returns the number of accepted types.
func examine(t *testing.T, seed uint64, p *program, refused map[string]int) int {
	t.Helper()
	dir := *keep
	if dir == "" {
		dir = t.TempDir()
	}
	ctx := t.Context()
	start := time.Now()
	for {
		o, err := try(ctx, dir, p, *tests)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("seed %d: %d runs, %d findings, after %s", seed, o.runs, len(o.findings), time.Since(start).Round(time.Second))
		start = time.Now()
		if len(o.findings) == 0 {
			t.Logf("seed %d: accepted after %d runs", seed, o.runs)
			for _, r := range o.refusals {
				refused[shape(r.sentence)]++
			}
			return o.accepted.types()
		}
		drop := map[int]bool{}
		for _, f := range o.findings {
			sort := f.sort + ": " + shape(f.text)
			cells := o.culprits(f)
			if !seen[sort] {
				seen[sort] = true
				if *small || len(cells) == 0 {
					cells = isolate(ctx, t, dir, o.accepted, f, cells)
				}
				smallest := o.accepted.only(cells...)
				if *small {
					smallest = shrink(ctx, dir, smallest, f)
				}
				t.Errorf("seed %d: %s: %s\n%s", seed, f.sort, f.text, show(smallest, cells))
			}
			for _, cell := range cells {
				drop[cell] = true
			}
		}
		if len(drop) == 0 {
			t.Errorf("seed %d: can't tell the cause:\n%s", seed, o.findings)
			return 0
		}
		p = p.only(slices.DeleteFunc(o.accepted.cells(), func(cell int) bool { return drop[cell] })...)
	}
}

// try runs the generators on a program until they accept it, and then compiles and tests it.
func try(ctx context.Context, dir string, p *program, test bool) (*outcome, error) {
	o, err := findAccepted(ctx, dir, p)
	if err != nil || !o.done {
		return o, err
	}
	if err := o.compile(ctx); err != nil || len(o.findings) > 0 || !test {
		return o, err
	}
	return o, o.test(ctx)
}

var (
	named   = regexp.MustCompile(`[\pL_]*C[0-9]+[a-z]?[\pL_]*|c[0-9]+|[0-9]+`)
	mention = regexp.MustCompile(`"[^"]*"`)
)

// shape returns a text without the names in it, so that errors of the same kind are equal.
func shape(text string) string {
	first, _, _ := strings.Cut(text, "\n")
	return mention.ReplaceAllString(named.ReplaceAllString(first, "N"), "Q")
}

// again reports whether a program has the finding.
func again(ctx context.Context, dir string, p *program, f finding) bool {
	o, err := try(ctx, dir, p, strings.HasPrefix(f.sort, "go "))
	if err != nil {
		return false
	}
	defer os.RemoveAll(o.dir)
	return slices.ContainsFunc(o.findings, func(other finding) bool {
		return other.sort == f.sort && (strings.HasPrefix(f.sort, "go ") || shape(other.text) == shape(f.text))
	})
}

// isolate finds the cell that causes a finding, and tries the likely ones first.
func isolate(ctx context.Context, t *testing.T, dir string, p *program, f finding, likely []int) []int {
	for _, cell := range likely {
		if again(ctx, dir, p.only(cell), f) {
			return []int{cell}
		}
	}
	cells := p.cells()
	if !again(ctx, dir, p.only(cells...), f) {
		t.Errorf("%s: %s: not seen again", f.sort, f.text)
		return likely
	}
	// Continue with the half that has the finding. If neither half has it, both are needed.
	for len(cells) > 1 {
		half := len(cells) / 2
		switch {
		case again(ctx, dir, p.only(cells[:half]...), f):
			cells = cells[:half]
		case again(ctx, dir, p.only(cells[half:]...), f):
			cells = cells[half:]
		default:
			return cells
		}
	}
	return cells
}

// shrink removes the parts of a program that a finding does not need.
func shrink(ctx context.Context, dir string, p *program, f finding) *program {
	smaller := true
	for tries := 0; smaller && tries < 60; {
		smaller = false
		for _, key := range p.keys(func(int) bool { return true }) {
			if p.gone[key] {
				continue
			}
			tries++
			if next := p.without(key); again(ctx, dir, next, f) {
				p, smaller = next, true
			}
		}
	}
	return p
}

// show returns the source of the given cells.
func show(p *program, cells []int) string {
	var b strings.Builder
	for _, group := range []string{"fruit", "veg"} {
		small := &program{gone: p.gone}
		for _, d := range p.decls {
			part := *d
			part.fields = slices.DeleteFunc(slices.Clone(d.fields), func(f *field) bool {
				return d.cell == 0 && !slices.Contains(cells, cellOf(f.name)) && (f.instead == nil || len(cells) > 0)
			})
			if d.cell == 0 {
				part.markers = slices.DeleteFunc(slices.Clone(d.markers), func(m marker) bool { return m.needs == nil })
			}
			if d.group == group && !p.gone[d.key()] && (slices.Contains(cells, d.cell) || d.cell == 0 && len(part.fields) > 0) {
				small.decls = append(small.decls, &part)
			}
		}
		text, _ := small.source(group, "v1")
		for _, line := range strings.Split(text[strings.Index(text, "\n)\n")+3:], "\n") {
			if strings.TrimSpace(line) != "" {
				fmt.Fprintf(&b, "\t%s\n", line)
			}
		}
	}
	return b.String()
}
