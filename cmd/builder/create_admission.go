package main

import (
	"github.com/spf13/cobra"

	"github.com/apiserver-builder/builder/generators/project"
)

func (a *app) createAdmissionCommand() *cobra.Command {
	var flags changeFlags
	var plugin project.Admission
	cmd := &cobra.Command{
		Use:   "admission --name NAME [--group GROUP --kind KIND]",
		Short: "Create an admission plugin and its test",
		Long: `admission creates an admission plugin, which changes or rejects objects before they are saved. It gets the objects of one kind, or of
all kinds of the project. Plugins run in the order of their creation. To disable one, start the apiserver with
--disable-admission-plugins NAME.`,
		Example: `  builder create admission --name BanApple --group fruit --kind Apple
  builder create admission --name RequireOwner`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(cmd, "name"); err != nil {
				return err
			}
			return a.edit(cmd.Context(), flags, func(p *project.Project) (outcome, error) {
				if err := p.AddAdmission(plugin); err != nil {
					return outcome{}, usageError{err}
				}
				return outcome{next: "edit pkg/admission/" + plugin.Package() + "/plugin.go, then make test"}, nil
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&plugin.Name, "name", "", "the name of the plugin, such as BanApple")
	f.StringVar(&plugin.Group, "group", "", "the API group of the kind, such as fruit (default: all groups of the project)")
	f.StringVar(&plugin.Kind, "kind", "", "the kind whose objects the plugin gets, such as Apple (default: all kinds of the project)")
	flags.add(a, cmd, true)
	return cmd
}
