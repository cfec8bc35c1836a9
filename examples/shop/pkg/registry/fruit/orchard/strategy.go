// Package orchard is how orchards.fruit.example.com are validated, stored and shown.
package orchard

// Strategy decides what happens to an Orchard on its way into storage. The embedded base does what every kind needs;
// declare one of its methods here, such as Validate, to add to it.
type Strategy struct{ base }
