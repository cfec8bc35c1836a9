package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/apiserver-builder/builder/generators/project"
)

// versionInfo is what -o json prints.
type versionInfo struct {
	// Version is the module's, or "(devel)" for one built from a checkout.
	Version string `json:"version"`
	// Kubernetes is the minor version that projects are generated for.
	Kubernetes string `json:"kubernetes"`
	// Layout is the version of the project layout.
	Layout int `json:"layout"`
	// Go is the version of Go that this program was built with.
	Go string `json:"go"`
}

func (a *app) versionCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version of builder and of Kubernetes that it generates for",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			info := versionInfo{"(devel)", project.KubernetesMinor, project.Layout, runtime.Version()}
			if build, ok := debug.ReadBuildInfo(); ok && build.Main.Version != "" {
				info.Version = build.Main.Version
			}
			switch output {
			case "text":
				fmt.Fprintf(a.out, "builder %s, for Kubernetes %s, project layout %d, built with %s\n", info.Version, info.Kubernetes, info.Layout, info.Go)
				return nil
			case "json":
				encoder := json.NewEncoder(a.out)
				encoder.SetIndent("", "  ")
				return encoder.Encode(info)
			}
			return usagef("--output is %q: it is text or json", output)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "text", "how to print the result: text or json")
	return cmd
}
