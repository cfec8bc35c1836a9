package machine

import (
	"context"
	"net/http"
)

// Proxy passes a request on to the web server in a machine.
func (p *Parent) Proxy(_ context.Context, machine *Machine, options *MachineProxyOptions) (http.Handler, error) {
	return agentOf(machine, "/http"+options.Path)
}
