//go:build pin_staging

// Package pin pins the staging modules k8s.io/kubernetes requires at v0.0.0.
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
