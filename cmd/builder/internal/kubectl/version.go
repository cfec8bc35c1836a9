package kubectl

import (
	"runtime/debug"
	"strings"
	_ "unsafe" // for go:linkname

	"k8s.io/component-base/version"
)

// gitVersion is what Kubernetes' own builds set with -ldflags -X, which "go install" has no way to. Without it kubectl
// fails to read its own version.
//
//go:linkname gitVersion k8s.io/component-base/version.gitVersion
var gitVersion string

// setVersion has kubectl say the version of Kubernetes that the program is built from: v1.37.1 for the module's v0.37.1.
func setVersion(build *debug.BuildInfo) {
	for _, dep := range build.Deps {
		minor, ok := strings.CutPrefix(dep.Version, "v0.")
		if dep.Path != "k8s.io/kubectl" || !ok {
			continue
		}
		gitVersion = "v1." + minor
		_ = version.SetDynamicVersion(gitVersion) // no error: it is the default now
	}
}
