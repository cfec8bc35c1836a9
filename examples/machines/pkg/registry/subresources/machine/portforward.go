package machine

import (
	"context"
	"fmt"
	"net/http"
)

// Portforward connects a WebSocket with a TCP port of a machine.
func (p *Parent) Portforward(_ context.Context, machine *Machine, options *MachinePortforwardOptions) (http.Handler, error) {
	return agentOf(machine, fmt.Sprintf("/ports/%d", options.Port))
}
