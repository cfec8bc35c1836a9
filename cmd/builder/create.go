package main

import "github.com/spf13/cobra"

func (a *app) createCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Create a group, a version, a resource, a subresource, an admission plugin or a controller",
		Args:  noCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.createGroupCommand(), a.createVersionCommand(), a.createResourceCommand(), a.createSubresourceCommand(), a.createAdmissionCommand(),
		a.createControllerCommand())
	return cmd
}
