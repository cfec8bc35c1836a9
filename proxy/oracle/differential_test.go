// Package oracle compares aggregation-proxy with the real kube-apiserver: it sends the same requests, in the same order, with the
// same extension-apiservers behind both.
package oracle

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/apiserver-builder/builder/proxy/oracle/kube"
	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// tables contains all requests.
var tables = []table{discovery, reads, lists, writes, patches, watches, openAPI, headers, identities, upgrades, malformed, registration, authorization, controlPlane, lifecycle, customResources, admission}

// slow is the duration from which a row is logged, because a long wait may never end.
const slow = 3 * time.Second

// TestDifferences sends every row to both, and compares the responses, except for the intended differences.
func TestDifferences(t *testing.T) {
	ours, stock := startBoth(t)
	c := comparison{got: proxytest.AggregationProxy, want: proxytest.KubeAPIServer, tables: tables, intended: intendedDifferences}
	c.run(t, ours, stock)
}

// comparison contains the results so far.
type comparison struct {
	// The response of got is compared with that of want. Both are names of sides.
	got, want string
	tables    []table
	intended  []intendedDifference

	rows, failed int
	names        map[string]bool
	// met contains the names of rows by the reason for their difference.
	met map[string][]string
}

// run sends every row to both sides, and prints the number of rows and differences.
func (c *comparison) run(t *testing.T, got, want *side) {
	t.Helper()
	c.names, c.met = map[string]bool{}, map[string][]string{}
	for _, table := range c.tables {
		t.Run(table.name, func(t *testing.T) {
			for _, r := range table.rows {
				c.row(t, got, want, table.name, r)
			}
		})
	}
	c.report(t)
}

func (c *comparison) row(t *testing.T, ours, stock *side, table string, r row) {
	t.Helper()
	c.rows++
	name := table + "/" + r.name
	if c.names[name] {
		t.Errorf("two rows are called %s", name)
	}
	c.names[name] = true
	started := time.Now()
	a, err := sendBoth(t.Context(), ours, stock, r)
	// A change that takes time may be seen halfway.
	for err == nil && a.rest(name, c.intended) != "" && r.method == http.MethodGet && r.until != nil && time.Since(started) < settleTimeout {
		time.Sleep(settlePoll)
		a, err = sendBoth(t.Context(), ours, stock, r)
	}
	if err != nil {
		t.Fatalf("%s: %v", r.name, err)
	}
	if took := time.Since(started); took > slow {
		t.Logf("%s took %s", r.name, took.Round(time.Second))
	}
	if a.want.status != r.status {
		t.Errorf("%s: %s answers %d, the table says %d:\n%.1000s", r.name, c.want, a.want.status, r.status, a.want.text())
	}
	rest := a.rest(name, c.intended)
	if rest != "" {
		c.failed++
		t.Errorf("%s (-%s +%s):\n%s", name, c.want, c.got, rest)
		return
	}
	for _, reason := range a.reasons {
		c.met[reason] = append(c.met[reason], name)
	}
}

// answers contains the responses of both sides.
type answers struct {
	got, want response
	// reasons are the reasons for the intended differences.
	reasons []string
}

// rest returns the differences that are not intended.
func (a *answers) rest(row string, differences []intendedDifference) string {
	got, want := a.got, a.want
	if bytes.Equal(got.body, want.body) {
		got.body, want.body = nil, nil // formatting large documents takes long
	}
	g, w, reasons := intended(differences, row, got.text(), want.text())
	a.reasons = reasons
	if g == w {
		return ""
	}
	return difference(w, g)
}

// report prints the differences. Each intended difference must occur.
func (c *comparison) report(t *testing.T) {
	t.Helper()
	all := 0
	for _, table := range c.tables {
		all += len(table.rows)
	}
	for _, d := range c.intended {
		rows := c.met[d.why]
		if len(rows) == 0 && c.rows == all {
			t.Errorf("no row differs in this way any more: %s", d.why)
		}
		fmt.Printf("intended, in %d rows: %s\n", len(rows), d.why)
	}
	fmt.Printf("%s against %s:\n", c.got, c.want)
	fmt.Printf("rows %d differ %d\n", c.rows, len(c.met)+c.failed)
}

// sendBoth sends the row to both sides at the same time.
func sendBoth(ctx context.Context, ours, stock *side, r row) (answers, error) {
	var a answers
	var group errgroup.Group
	send := func(s *side, answer *response) {
		group.Go(func() (err error) {
			if *answer, err = s.do(ctx, r); err != nil {
				return fmt.Errorf("%s: %w", s.Name, err)
			}
			return nil
		})
	}
	send(ours, &a.got)
	send(stock, &a.want)
	err := group.Wait()
	return a, err
}

// startBoth starts the two control planes with the extension-apiservers behind each.
func startBoth(t *testing.T) (ours, stock *side) {
	t.Helper()
	stock = newSide(t, kube.Start(t).ControlPlane)
	ours = newSide(t, proxytest.Start(t))
	for _, s := range []*side{ours, stock} {
		for _, extension := range []kube.Extension{kube.Sample(), kube.Fruit()} {
			extension.Start(t, s.ControlPlane)
		}
		prepareBackend(t, s)
	}
	return ours, stock
}

// difference returns the lines around the differences. Documents are long, so comparing all lines would take long.
func difference(want, got string) string {
	const context, most = 3, 300
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for len(w) > context && len(g) > context && w[context] == g[context] && w[0] == g[0] {
		w, g = w[1:], g[1:]
	}
	for len(w) > context && len(g) > context && w[len(w)-1] == g[len(g)-1] && w[len(w)-1-context] == g[len(g)-1-context] {
		w, g = w[:len(w)-1], g[:len(g)-1]
	}
	return cmp.Diff(w[:min(most, len(w))], g[:min(most, len(g))])
}
