package test

import (
	"strings"
	"testing"
)

// TestSubresourcesMachinePortforward connects a WebSocket with a port of a machine.
func TestSubresourcesMachinePortforward(t *testing.T) {
	testEcho(t, "portforward?port=8080", "port 8080: hello")
	err := restClient(t).Get().AbsPath(machinesPath + "connected/portforward").Do(t.Context()).Error()
	if err == nil || !strings.Contains(err.Error(), "port: Invalid value: 0") {
		t.Errorf("without a port: %v, want an invalid port", err)
	}
}
