package registry

import "example.com/metrics/pkg/usage"

// Dependencies contains the clients and connections of the code that serves the kinds.
type Dependencies struct {
	base
	// Usage has the usage of nodes and containers.
	Usage usage.Collector
}
