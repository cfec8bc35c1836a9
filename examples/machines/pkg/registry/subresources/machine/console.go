package machine

import (
	"context"
	"net/http"
)

// Console connects a WebSocket with the console of a machine.
func (p *Parent) Console(_ context.Context, machine *Machine, _ *MachineConsoleOptions) (http.Handler, error) {
	return agentOf(machine, "/console")
}
