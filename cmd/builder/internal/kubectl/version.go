package kubectl

import (
	"runtime/debug"
	"strings"
	_ "unsafe" // for go:linkname

	"k8s.io/component-base/version"
)

// gitVersion is set by Kubernetes' own builds with -ldflags -X, which "go install" does not support. Without it, kubectl
// cannot parse its own version.
//
//go:linkname gitVersion k8s.io/component-base/version.gitVersion
var gitVersion string

// setVersion sets kubectl's version to that of the Kubernetes modules: v1.37.1 for v0.37.1.
func setVersion(build *debug.BuildInfo) {
	for _, dep := range build.Deps {
		minor, ok := strings.CutPrefix(dep.Version, "v0.")
		if dep.Path != "k8s.io/kubectl" || !ok {
			continue
		}
		gitVersion = "v1." + minor
		_ = version.SetDynamicVersion(gitVersion) // cannot fail, because it is the default now
	}
}
