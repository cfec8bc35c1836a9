package kube

import (
	"testing"

	"github.com/apiserver-builder/builder/proxy/conformance"
	"github.com/apiserver-builder/builder/proxy/proxytest"
)

// TestConformance checks the suite itself, which describes the behavior of kube-apiserver.
func TestConformance(t *testing.T) {
	roots := proxytest.SystemRoots(t)
	c := StartAPIServer(t)
	c.SystemRoots = roots
	conformance.Run(t, c.ControlPlane)
}
