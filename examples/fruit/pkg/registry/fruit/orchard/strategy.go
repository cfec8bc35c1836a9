// Package orchard is how orchards.fruit.example.com are validated, stored and shown.
package orchard

import "context"

// Strategy decides what happens to an Orchard on its way into storage. The embedded base does what every kind needs;
// declare one of its methods here, such as Validate, to add to it.
type Strategy struct{ base }

// Warnings are for whoever has no trees.
func (Strategy) Warnings(_ context.Context, orchard, _ *Orchard) []string {
	if orchard.Spec.Trees == 0 {
		return []string{"spec.trees: an orchard without trees bears no fruit"}
	}
	return nil
}
