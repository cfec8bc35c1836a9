// Package oracle holds aggregation-proxy against the real kube-apiserver: the same requests, in the same order, with the
// same extension-apiservers behind both.
package oracle

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/apiserver-builder/builder/proxy/oracle/kube"
	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// tables are all the requests.
var tables = []table{discovery, reads, lists, writes, patches, watches, openAPI, headers}

// TestDifferences sends every row to both, and wants the same of both but for the intended differences.
func TestDifferences(t *testing.T) {
	ours, real := startBoth(t)
	rows, differ := 0, 0
	used := map[string]bool{}
	for _, table := range tables {
		t.Run(table.name, func(t *testing.T) {
			for _, r := range table.rows {
				rows++
				name := table.name + "/" + r.name
				got, want, err := sendBoth(t.Context(), ours, real, r)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if want.status != r.status {
					t.Errorf("%s: kube-apiserver answers %d, the table says %d:\n%.1000s", name, want.status, r.status, want.text())
				}
				g, w := got.text(), want.text()
				if g == w {
					continue
				}
				differ++
				g, w = intended(name, g, w, used)
				if g != w {
					t.Errorf("%s: %s %s (-kube-apiserver +aggregation-proxy):\n%s", name, r.method, r.target, difference(w, g))
				}
			}
		})
	}
	fmt.Printf("rows %d differ %d\n", rows, differ)
}

// sendBoth sends the row to both at the same time.
func sendBoth(ctx context.Context, ours, real *side, r row) (got, want response, err error) {
	var group sync.WaitGroup
	var gotErr, wantErr error
	group.Go(func() { got, gotErr = ours.do(ctx, r) })
	group.Go(func() { want, wantErr = real.do(ctx, r) })
	group.Wait()
	if gotErr != nil {
		return got, want, fmt.Errorf("%s: %w", ours.Name, gotErr)
	}
	if wantErr != nil {
		return got, want, fmt.Errorf("%s: %w", real.Name, wantErr)
	}
	return got, want, nil
}

// startBoth starts the two control planes with the extension-apiservers behind each.
func startBoth(t *testing.T) (ours, real *side) {
	t.Helper()
	real = newSide(t, kube.Start(t).ControlPlane)
	ours = newSide(t, proxytest.Start(t))
	for _, s := range []*side{ours, real} {
		for _, extension := range []kube.Extension{kube.Sample(), kube.Fruit()} {
			extension.Start(t, s.ControlPlane)
		}
		prepareBackend(t, s)
	}
	return ours, real
}

// difference shows the lines around what is not the same. Documents are long, and comparing all of them takes long.
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
