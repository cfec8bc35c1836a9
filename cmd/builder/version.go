package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/apiserver-builder/builder/generators/project"
)

// versionInfo is the output of -o json.
type versionInfo struct {
	// Version is the version of the module, or "(devel)" if builder was built from a checkout.
	Version string `json:"version"`
	// Kubernetes is the minor version that projects are generated for.
	Kubernetes string `json:"kubernetes"`
	// Layout is the version of the project layout.
	Layout int `json:"layout"`
	// Go is the version of Go that this program was built with.
	Go string `json:"go"`
}

// installedVersion returns the version that "go install" can install again. It is empty for a build from a checkout, which has no checksum.
func installedVersion() string {
	if build, ok := debug.ReadBuildInfo(); ok && build.Main.Sum != "" {
		return build.Main.Version
	}
	return ""
}

func (a *app) versionCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the versions of builder and of Kubernetes",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			info := versionInfo{"(devel)", project.KubernetesMinor, project.Layout, runtime.Version()}
			if build, ok := debug.ReadBuildInfo(); ok && build.Main.Version != "" {
				info.Version = build.Main.Version
			}
			switch output {
			case "text":
				fmt.Fprintf(a.stdout, "builder %s, for Kubernetes %s, project layout %d, built with %s\n", info.Version, info.Kubernetes, info.Layout, info.Go)
				return nil
			case "json":
				encoder := json.NewEncoder(a.stdout)
				encoder.SetIndent("", "  ")
				return encoder.Encode(info)
			}
			return usagef("--output %q is invalid: use text or json", output)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "text", "the output format: text or json")
	return cmd
}
