package kube

import (
	"testing"

	"github.com/apiserver-builder/builder/proxy/conformance"
	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// TestConformance holds the suite itself: what aggregation-proxy has to show is what kube-apiserver does.
func TestConformance(t *testing.T) {
	roots := proxytest.SystemRoots(t)
	c := StartAPIServer(t)
	c.SystemRoots = roots
	conformance.Run(t, c.ControlPlane)
}
