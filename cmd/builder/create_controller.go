package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/apiserver-builder/builder/generators/project"
)

func (a *app) createControllerCommand() *cobra.Command {
	var flags changeFlags
	var group, version, kind string
	cmd := &cobra.Command{
		Use:   "controller --group GROUP --version VERSION --kind KIND",
		Short: "Create a controller for a kind of this project or of Kubernetes",
		Example: `  builder create controller --group fruit --version v1alpha1 --kind Orchard
  builder create controller --group apps --version v1 --kind Deployment
  builder create controller --group "" --version v1 --kind Pod`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(cmd, "group", "version", "kind"); err != nil {
				return err
			}
			return a.edit(cmd.Context(), flags, func(p *project.Project) (outcome, error) {
				if err := addController(p, group, version, kind); err != nil {
					return outcome{}, usageError{err}
				}
				return outcome{next: "edit " + controllerFile(p, group, version, kind) + ", then make run"}, nil
			})
		},
	}
	cmd.Flags().StringVar(&group, "group", "", `the API group: fruit of this project, or apps or "" of Kubernetes`)
	cmd.Flags().StringVar(&version, "version", "", "the version that the reconciler reads, such as v1")
	cmd.Flags().StringVar(&kind, "kind", "", "the kind to reconcile, such as Deployment")
	flags.add(a, cmd, true)
	return cmd
}

// addController declares a reconciler. Kinds of the project take precedence over kinds of Kubernetes with the same names.
func addController(p *project.Project, group, version, kind string) error {
	foreign := project.Controller{Group: group, Version: version, Kind: kind}
	name, err := p.GroupName(group)
	if err != nil {
		return p.AddController(foreign)
	}
	own, ok := p.Group(name)
	if !ok {
		return p.AddController(foreign)
	}
	if _, ok := own.Kind(kind); !ok {
		if p.AddController(foreign) == nil {
			return nil
		}
	} else if !slices.Contains(own.Versions, version) {
		return fmt.Errorf("kind %q of group %q is not in version %q: use --version %s", kind, name, version, own.Versions[0])
	}
	return p.SetController(name, kind)
}

// controllerFile returns the path of the Go file of a reconciler in the project.
func controllerFile(p *project.Project, group, version, kind string) string {
	if own, ok := p.Kind(group, kind); ok {
		return own.ControllerNames().File()
	}
	added, _ := p.Controller(group, version, kind)
	return added.ControllerNames().File()
}
