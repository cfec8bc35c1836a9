// Package fischer is how fischers.wardle.example.com are validated, stored and shown.
package fischer

// Strategy decides what happens to a Fischer on its way into storage. The embedded base does what every kind needs;
// declare one of its methods here, such as Validate, to add to it.
type Strategy struct{ base }
