// Package apiserver is the extension-apiserver of this project.
package apiserver

import (
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/component-base/featuregate"
)

// Options are the settings of this server. The embedded base has those of every extension-apiserver;
// add fields of this project's own, and declare a method of base here, such as FeatureGates, to add to it.
type Options struct{ base }

// NewOptions returns the defaults.
func NewOptions() *Options { return &Options{newBase("/registry")} }

// Version is upstream's too.
func (*Options) Version() string { return "1.2" }

// FeatureGates has the gate of the ban on flunders.
func (*Options) FeatureGates() map[featuregate.Feature]featuregate.VersionedSpecs {
	return map[featuregate.Feature]featuregate.VersionedSpecs{
		"BanFlunder": {
			{Version: version.MustParse("1.0"), Default: false, PreRelease: featuregate.Alpha},
			{Version: version.MustParse("1.1"), Default: true, PreRelease: featuregate.Beta},
			{Version: version.MustParse("1.2"), Default: true, PreRelease: featuregate.GA, LockToDefault: true},
		},
	}
}
