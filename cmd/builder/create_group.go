package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/apiserver-builder/builder/generators/project"
)

func (a *app) createGroupCommand() *cobra.Command {
	var flags changeFlags
	var version string
	var allowReserved bool
	cmd := &cobra.Command{
		Use:   "group GROUP",
		Short: "Create an API group",
		Long: `group creates the API group GROUP.DOMAIN and, with --version, its first version. A version gets an APIService when its first
kind is created. A name with dots is the full name of a group in another domain.`,
		Example: `  builder create group fruit --version v1alpha1
  builder create group fruit.example.org --version v1alpha1`,
		Args: oneArg("the name of a group"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.edit(cmd.Context(), flags, func(p *project.Project) (outcome, error) {
				p.AllowReserved = p.AllowReserved || allowReserved
				group, err := p.GroupName(args[0])
				if err != nil {
					return outcome{}, usageError{err}
				}
				if err := p.AddGroup(group); err != nil {
					return outcome{}, usageError{err}
				}
				next := "v1alpha1"
				if cmd.Flag("version").Changed {
					if err := p.AddVersion(group, version); err != nil {
						return outcome{}, usageError{err}
					}
					next = version
				}
				return outcome{next: nextResource(group, next)}, nil
			})
		},
	}
	cmd.Flags().StringVar(&version, "version", "", "the group's first version, such as v1alpha1")
	addAllowReserved(cmd, &allowReserved)
	flags.add(a, cmd, true)
	return cmd
}

// addAllowReserved adds the flag that allows groups of Kubernetes' domains.
func addAllowReserved(cmd *cobra.Command, allowed *bool) {
	cmd.Flags().BoolVar(allowed, "allow-reserved-domain", false, "allow a group in k8s.io or kubernetes.io, which belong to the Kubernetes project")
}

func nextResource(group, version string) string {
	return fmt.Sprintf("builder create resource --group %s --version %s --kind KIND", group, version)
}
