package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// A factor is a setting with its possible values.
type factor struct {
	name   string
	values []string
}

// A choice maps each factor to a value.
type choice map[string]string

// pairwise returns a small, constant list of choices in which each pair of values of two factors occurs at least once. In the first
// choices, all factors have their first value, then their second, and so on, so that each part of a project is missing in one.
func pairwise(factors []factor) []choice {
	c := newCoverage(factors)
	var out []choice
	add := func(row []int) {
		c.close(row)
		made := choice{}
		for i, f := range factors {
			made[f.name] = f.values[row[i]]
		}
		out = append(out, made)
	}
	most := slices.MaxFunc(factors, func(a, b factor) int { return len(a.values) - len(b.values) })
	for value := range most.values {
		row := make([]int, len(factors))
		for i, f := range factors {
			row[i] = value % len(f.values)
		}
		add(row)
	}
	random := rand.New(rand.NewPCG(1, 4))
	for len(c.open) > 0 {
		var best []int
		for range 50 {
			if row := c.candidate(random); best == nil || c.gain(row) > c.gain(best) {
				best = row
			}
		}
		add(best)
	}
	return out
}

// A coverage contains the pairs of values that have not occurred yet.
type coverage struct {
	factors []factor
	open    []pair
	isOpen  map[pair]bool
}

// A pair is two values of two factors, by index. The factor with the smaller index comes first.
type pair struct{ f, v, g, w int }

func newCoverage(factors []factor) *coverage {
	c := &coverage{factors: factors, isOpen: map[pair]bool{}}
	for f := range factors {
		for g := range f {
			for w := range factors[f].values {
				for v := range factors[g].values {
					c.open = append(c.open, pair{g, v, f, w})
					c.isOpen[pair{g, v, f, w}] = true
				}
			}
		}
	}
	return c
}

// candidate starts with a pair that has not occurred, and then sets each factor to the value that adds most pairs.
func (c *coverage) candidate(random *rand.Rand) []int {
	row := make([]int, len(c.factors))
	for i := range row {
		row[i] = -1
	}
	start := c.open[random.IntN(len(c.open))]
	row[start.f], row[start.g] = start.v, start.w
	for _, f := range random.Perm(len(c.factors)) {
		if row[f] >= 0 {
			continue
		}
		most, value := -1, 0
		for _, v := range random.Perm(len(c.factors[f].values)) {
			if met := c.met(row, f, v); met > most {
				most, value = met, v
			}
		}
		row[f] = value
	}
	return row
}

// met counts the open pairs of a value with the values of a row.
func (c *coverage) met(row []int, f, v int) int {
	n := 0
	for g, w := range row {
		switch {
		case g < f && w >= 0 && c.isOpen[pair{g, w, f, v}], g > f && w >= 0 && c.isOpen[pair{f, v, g, w}]:
			n++
		}
	}
	return n
}

// gain counts the open pairs of a row, each of them twice.
func (c *coverage) gain(row []int) int {
	n := 0
	for f, v := range row {
		n += c.met(row, f, v)
	}
	return n
}

// close removes the pairs of a row.
func (c *coverage) close(row []int) {
	for f := range row {
		for g := range f {
			delete(c.isOpen, pair{g, row[g], f, row[f]})
		}
	}
	c.open = slices.DeleteFunc(c.open, func(p pair) bool { return !c.isOpen[p] })
}

// TestPairwise verifies that every pair of values occurs in a choice.
func TestPairwise(t *testing.T) {
	all := projectFactors()
	choices := pairwise(all)
	met := map[string]bool{}
	for _, c := range choices {
		for i, f := range all {
			for _, g := range all[:i] {
				met[fmt.Sprint(f.name, "=", c[f.name], " ", g.name, "=", c[g.name])] = true
			}
		}
	}
	for i, f := range all {
		for _, g := range all[:i] {
			for _, v := range f.values {
				for _, w := range g.values {
					if name := fmt.Sprint(f.name, "=", v, " ", g.name, "=", w); !met[name] {
						t.Errorf("no choice has %s", name)
					}
				}
			}
		}
	}
	if len(choices) > 45 {
		t.Errorf("%d choices: the test of all of them takes too long", len(choices))
	}
	t.Logf("%d choices for %d factors", len(choices), len(all))
}
