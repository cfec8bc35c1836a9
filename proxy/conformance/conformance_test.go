package conformance_test

import (
	"testing"

	"github.com/apiserver-builder/builder/proxy/conformance"
	"github.com/apiserver-builder/builder/proxy/proxytest"
)

func TestAggregationProxy(t *testing.T) {
	roots := proxytest.SystemRoots(t)
	cp := proxytest.Start(t)
	cp.SystemRoots = roots
	conformance.Run(t, cp)
}
