package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/apiserver-builder/builder/cmd/builder/internal/run"
	"github.com/apiserver-builder/builder/generators"
	"github.com/apiserver-builder/builder/generators/project"
)

func (a *app) runCommand() *cobra.Command {
	var options run.Options
	var detach bool
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the project on this machine, behind the reference aggregation proxy",
		Long: `run builds the project and runs it on this machine: aggregation-proxy with storage, the project's apiserver and its
controller manager, all on loopback. Everything it keeps is in .builder/: the kubeconfig to use, certificates, data and
logs. Ctrl-C, or "builder stop", stops all of it; objects are there again in the next run.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if validity := options.Validity; validity != 0 && validity < run.MinValidity {
				return fmt.Errorf("--certificate-validity %s is too short to renew certificates in time: give %s or more", validity, run.MinValidity)
			}
			var err error
			if options.Dir, options.Project, err = a.project(); err != nil {
				return err
			}
			if err := generators.CheckGo(cmd.Context(), options.Dir); err != nil {
				return err
			}
			executable, err := a.executable()
			if err != nil {
				return err
			}
			if options.Proxy, err = run.FindProxy(a.getenv, executable); err != nil {
				return err
			}
			options.Out, options.Err, options.Terminal = a.out, a.err, a.terminal()
			if detach {
				return run.Detach(cmd.Context(), options, executable)
			}
			options.Report = run.Report(a.getenv)
			return run.Run(cmd.Context(), options)
		},
	}
	cmd.Flags().BoolVar(&detach, "detach", false, "return when all is available; \"builder stop\" ends it")
	cmd.Flags().BoolVar(&options.Fresh, "fresh", false, "drop the data and certificates of earlier runs first")
	cmd.Flags().DurationVar(&options.Validity, "certificate-validity", 0, "how long certificates and tokens are valid (default a year); they are renewed in the last third of it")
	cmd.Flags().IntVar(&options.Port, "port", 0, "the port of the aggregation proxy (default: that of the last run, or a free one)")
	return cmd
}

func (a *app) stopCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "stop",
		Short: "Stop the project that \"builder run\" runs",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, _, err := a.project()
			if err != nil {
				return err
			}
			return run.Stop(cmd.Context(), dir, a.out)
		},
	}
}

// project finds the project around the working directory.
func (a *app) project() (string, *project.Project, error) {
	dir, err := a.getwd()
	if err != nil {
		return "", nil, err
	}
	return project.Find(dir)
}

// terminal says whether somebody watches the progress.
func (a *app) terminal() bool {
	file, ok := a.err.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
