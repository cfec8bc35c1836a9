package proxy

import (
	"runtime/debug"
	"strconv"
	"strings"

	apimachineryversion "k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/rest"
	basecompatibility "k8s.io/component-base/compatibility"
)

const kubernetesModule = "k8s.io/kubernetes"

// KubernetesVersion is the release of Kubernetes this proxy serves, such as v1.37.1; empty when the binary carries no
// build information.
func KubernetesVersion() string {
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

// userAgent is what a component of Kubernetes calls itself. What it writes names it as the manager of the fields.
func userAgent(component string) string {
	_, version, _ := strings.Cut(rest.DefaultKubernetesUserAgent(), "/")
	return component + "/" + version
}

// releaseVersion tells the release in /version. Kubernetes' own build stamps it with linker flags; without them clients
// would read v0.0.0-master, and some refuse that.
type releaseVersion struct {
	basecompatibility.EffectiveVersion
}

func kubernetesVersion(stock basecompatibility.EffectiveVersion) basecompatibility.EffectiveVersion {
	return releaseVersion{stock}
}

func (v releaseVersion) Info() *apimachineryversion.Info {
	info := v.EffectiveVersion.Info()
	release := KubernetesVersion()
	if info == nil || release == "" {
		return info
	}
	stamped := *info
	stamped.GitVersion, stamped.GitCommit = release, ""
	stamped.Major = strconv.Itoa(int(v.BinaryVersion().Major()))
	stamped.Minor = strconv.Itoa(int(v.BinaryVersion().Minor()))
	return &stamped
}
