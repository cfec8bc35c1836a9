package main

import (
	"github.com/spf13/cobra"

	"github.com/apiserver-builder/builder/generators/project"
)

func (a *app) createVersionCommand() *cobra.Command {
	var flags changeFlags
	var group, version string
	cmd := &cobra.Command{
		Use:     "version --group GROUP --version VERSION",
		Short:   "Create the first version of an API group",
		Example: `  builder create version --group fruit --version v1alpha1`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(cmd, "group", "version"); err != nil {
				return err
			}
			return a.edit(cmd.Context(), flags, func(p *project.Project) (string, error) {
				name, err := p.GroupName(group)
				if err != nil {
					return "", usageError{err}
				}
				if err := p.AddVersion(name, version); err != nil {
					return "", usageError{err}
				}
				return nextResource(name, version), nil
			})
		},
	}
	cmd.Flags().StringVar(&group, "group", "", "the API group, such as fruit")
	cmd.Flags().StringVar(&version, "version", "", "the version, such as v1alpha1")
	flags.add(cmd, true)
	return cmd
}
