package main

import (
	"errors"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/apiserver-builder/builder/cmd/builder/internal/kubectl"
)

func (a *app) kubectlCommand() *cobra.Command {
	return &cobra.Command{
		Use:                "kubectl ...",
		Short:              "Run the built-in kubectl against the running project",
		Long:               `kubectl is Kubernetes' kubectl, built into builder. It uses the project that "builder run" runs, unless --kubeconfig is set.`,
		Example:            `  builder kubectl get apples`,
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			find := func() (string, error) {
				dir, _, err := a.project()
				return dir, err
			}
			err := kubectl.Run(cmd.Context(), find, args, genericclioptions.IOStreams{In: a.stdin, Out: a.stdout, ErrOut: a.stderr})
			var exit *kubectl.ExitError
			if errors.As(err, &exit) {
				return shownError{exit.Code}
			}
			return err
		},
	}
}
