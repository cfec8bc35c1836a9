// Package apiserver is the extension-apiserver of this project.
package apiserver

// Options are the settings of this server. The embedded base has those of every extension-apiserver;
// add fields of this project's own, and declare a method of base here, such as FeatureGates, to add to it.
type Options struct{ base }

// NewOptions returns the defaults.
func NewOptions() *Options { return &Options{newBase("/registry")} }
