// Package version reports the release of Kubernetes that the control plane is built from.
package version

import (
	"runtime/debug"
	"strconv"
	"strings"

	apimachineryversion "k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/rest"
	basecompatibility "k8s.io/component-base/compatibility"
)

const kubernetesModule = "k8s.io/kubernetes"

// Kubernetes returns the release of Kubernetes, such as v1.37.1, or "" if the binary has no build information.
func Kubernetes() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, module := range info.Deps {
		if module.Path == kubernetesModule {
			return module.Version
		}
	}
	return ""
}

// UserAgent returns the user agent of a component of Kubernetes. The API server derives the manager of fields from it.
func UserAgent(component string) string {
	_, version, _ := strings.Cut(rest.DefaultKubernetesUserAgent(), "/")
	return component + "/" + version
}

// releaseVersion adds the release to the version that /version serves. Kubernetes' own build sets it with linker flags. Without
// them, clients would read v0.0.0-master, which some of them refuse.
type releaseVersion struct {
	basecompatibility.EffectiveVersion
}

// WithRelease returns an effective version whose Info contains the release.
func WithRelease(stock basecompatibility.EffectiveVersion) basecompatibility.EffectiveVersion {
	return releaseVersion{stock}
}

// Info implements EffectiveVersion.
func (v releaseVersion) Info() *apimachineryversion.Info {
	info := v.EffectiveVersion.Info()
	release := Kubernetes()
	if info == nil || release == "" {
		return info
	}
	stamped := *info
	stamped.GitVersion, stamped.GitCommit = release, ""
	stamped.Major = strconv.Itoa(int(v.BinaryVersion().Major()))
	stamped.Minor = strconv.Itoa(int(v.BinaryVersion().Minor()))
	return &stamped
}
