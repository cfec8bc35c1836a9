// Package orchard implements the validation, storage and table output of orchards.fruit.example.com.
package orchard

import "context"

// Strategy customizes how objects of kind Orchard are prepared, validated and stored.
type Strategy struct{ base }

// Warnings returns a warning for an orchard without trees.
func (Strategy) Warnings(_ context.Context, orchard, _ *Orchard) []string {
	if orchard.Spec.Trees == 0 {
		return []string{"spec.trees: an orchard without trees bears no fruit"}
	}
	return nil
}
