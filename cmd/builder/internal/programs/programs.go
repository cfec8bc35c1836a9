// Package programs lists the programs of a project.
package programs

// The names of the programs: of their folders in cmd, of their containers, and, after the project's name and a hyphen, of their
// Deployments and ServiceAccounts.
const (
	APIServer         = "apiserver"
	ControllerManager = "controller-manager"
)

// All returns the names of all programs.
func All() []string { return []string{APIServer, ControllerManager} }
