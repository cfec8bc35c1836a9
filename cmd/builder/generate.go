package main

import (
	"github.com/spf13/cobra"

	"github.com/apiserver-builder/builder/generators/project"
)

func (a *app) generateCommand() *cobra.Command {
	var flags changeFlags
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Generate every file that follows from the declaration and the types",
		Long: `generate writes everything that follows from PROJECT and from the Go types and their markers: deep copies, defaults,
registration, OpenAPI, clients, listers, informers, apply configurations, strategies, storage, tables, the server and roles.
Files named zz_generated.* and those under pkg/generated are rewritten, and removed when nothing makes them any more.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.edit(cmd.Context(), flags, func(*project.Project) (outcome, error) { return outcome{next: "make run"}, nil })
		},
	}
	flags.add(cmd, false)
	return cmd
}
