// Package apple is how apples.fruit.example.com are validated, stored and shown.
package apple

// Strategy decides what happens to an Apple on its way into storage. The embedded base does what every kind needs;
// declare one of its methods here, such as Validate, to add to it.
type Strategy struct{ base }
