// Package apiserver implements the extension-apiserver of this project.
package apiserver

import (
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/component-base/featuregate"
)

// Options are the settings of the apiserver. The embedded base has the settings of every extension-apiserver.
type Options struct{ base }

// NewOptions returns the default settings.
func NewOptions() *Options { return &Options{newBase("/registry")} }

// Version is the version of k8s.io/sample-apiserver's server.
func (*Options) Version() string { return "1.2" }

// FeatureGates returns the gate of the plugin that bans flunders.
func (*Options) FeatureGates() map[featuregate.Feature]featuregate.VersionedSpecs {
	return map[featuregate.Feature]featuregate.VersionedSpecs{
		"BanFlunder": {
			{Version: version.MustParse("1.0"), Default: false, PreRelease: featuregate.Alpha},
			{Version: version.MustParse("1.1"), Default: true, PreRelease: featuregate.Beta},
			{Version: version.MustParse("1.2"), Default: true, PreRelease: featuregate.GA, LockToDefault: true},
		},
	}
}
