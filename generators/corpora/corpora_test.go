// Package corpora copies the Go types of published APIs into a project, generates and serves it, and compares the result with the
// CustomResourceDefinitions of those APIs. Kubernetes does not define its own APIs in this way; for them, the comparison uses the discovery
// and OpenAPI documents of a kube-apiserver.
package corpora

import (
	"os"
	"testing"
)

// TestCorpora takes minutes: it downloads modules, generates, checks and builds a project with about fifteen API groups, and runs it.
func TestCorpora(t *testing.T) {
	if os.Getenv("CORPORA") == "" {
		t.Skip("takes minutes: run with CORPORA=1, as make test-release does")
	}
	p := newProject(t)
	resources := p.copyAll()
	p.generate()
	differences := p.check()
	server := p.serve()
	for _, published := range resources {
		for _, version := range published.versions {
			differences = append(differences, compare(published, version, server)...)
		}
	}
	explain(t, "testdata/differences.txt", differences)
}
