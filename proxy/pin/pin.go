//go:build pin_staging

// Package pin is never built. k8s.io/kubernetes requires its staging modules at v0.0.0, which exist nowhere: whoever
// depends on it has to require each at the release that belongs to it. For most of them our own imports do; `go mod
// tidy` would drop the requirement of these, which nothing else here imports, and the module graph would no longer load.
// An import under a build tag counts for tidy, and costs no build anything.
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
