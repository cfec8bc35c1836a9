package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/apiserver-builder/builder/cmd/builder/internal/display"
	"github.com/apiserver-builder/builder/cmd/builder/internal/run"
	"github.com/apiserver-builder/builder/generators"
	"github.com/apiserver-builder/builder/generators/project"
)

func (a *app) runCommand() *cobra.Command {
	var options run.Options
	var detach, watches bool
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the project on this machine, behind the reference aggregation proxy",
		Long: `run builds the project and runs it on this machine: aggregation-proxy with etcd, the project's apiserver and its controller
manager, all on loopback. It keeps the kubeconfig, certificates, data and logs in .builder/. Ctrl-C or "builder stop" stops all
processes; the next run uses the same data.

When you save a change to a type, a strategy, a controller or another file that the two programs are built from, run generates
and builds again. When a new program is ready, it replaces the old one; the control plane keeps running. If the change has an
error, the old programs keep running.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if validity := options.Validity; validity != 0 && validity < run.MinValidity {
				return fmt.Errorf("--certificate-validity %s is too short to renew certificates in time: give %s or more", validity, run.MinValidity)
			}
			var err error
			if options.Dir, options.Project, err = a.restored(cmd.Context()); err != nil {
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
			if watches {
				options.Generate = a.generateFor(options.Dir)
			}
			options.Out, options.Err, options.Style = a.stdout, a.stderr, display.StyleOf(a.stderr, a.getenv)
			if detach {
				return run.Detach(cmd.Context(), options, executable)
			}
			options.Report = run.Report(a.getenv)
			return run.Run(cmd.Context(), options)
		},
	}
	cmd.Flags().BoolVar(&detach, "detach", false, "return when everything is available; \"builder stop\" stops it")
	cmd.Flags().BoolVar(&options.Fresh, "fresh", false, "delete the data and certificates of earlier runs first")
	cmd.Flags().DurationVar(&options.Validity, "certificate-validity", 0, "the validity of certificates and tokens (default one year); each is renewed when a third of it remains")
	cmd.Flags().BoolVar(&watches, "watch", true, "generate, build and restart after changes to the project's files")
	cmd.Flags().IntVar(&options.Port, "port", 0, "the port of the aggregation proxy (default: that of the last run, or a free one)")
	return cmd
}

// generateFor returns the function with which a run of the project in the folder root generates code.
func (a *app) generateFor(root string) run.Generate {
	return func(ctx context.Context, slow func(time.Duration)) (*project.Project, []string, error) {
		p, plan, err := a.regenerate(ctx, root, slow)
		if err != nil {
			return nil, nil, err
		}
		return p, pathsOf(plan.Stale()), nil
	}
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
			return run.Stop(cmd.Context(), dir, a.stdout)
		},
	}
}

// project finds the project that contains the working directory.
func (a *app) project() (string, *project.Project, error) {
	dir, err := a.getwd()
	if err != nil {
		return "", nil, err
	}
	return project.Find(dir)
}
