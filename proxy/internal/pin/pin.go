//go:build pin_staging

// Package pin requires modules in go.mod, and is never built. k8s.io/kubernetes requires its staging modules at v0.0.0, a version
// that does not exist, so every module that depends on it must require each staging module at a release. Our packages import most
// of them. No other package imports the following ones, so `go mod tidy` would drop them, and the module graph would no longer
// load. An import under a build tag prevents that, and is not compiled.
package pin

import (
	_ "k8s.io/cli-runtime/pkg/printers"
	_ "k8s.io/code-generator/cmd/deepcopy-gen/args"
	_ "k8s.io/cri-api/pkg/apis"
	_ "k8s.io/cri-streaming/pkg/streaming/portforward"
	_ "k8s.io/sample-apiserver/pkg/apis/wardle"
	_ "k8s.io/sample-cli-plugin/pkg/cmd"
	_ "k8s.io/sample-controller/pkg/signals"
)
