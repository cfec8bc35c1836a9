package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/apiserver-builder/builder/generators/project"
	"github.com/apiserver-builder/builder/internal/regular"
)

func (a *app) generateCommand() *cobra.Command {
	var flags changeFlags
	var verify, watches bool
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Generate code and manifests from PROJECT and the types",
		Long: `generate writes the code and manifests that derive from PROJECT and from the Go types with their markers: deep copies, defaults,
registration, OpenAPI, clients, listers, informers, apply configurations, strategies, storage, tables, the server and roles.
It overwrites the files named zz_generated.* and those in pkg/generated, and deletes those that are obsolete.

With --verify, it prints a diff of the files that are out of date instead, and exits with 1 if there are any. Use this in CI.
With --watch, it generates again after each change, until Ctrl-C.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := errors.Join(onlyOne(cmd, "verify", "watch", "dry-run", "output"), onlyOne(cmd, "watch", "dry-run", "output")); err != nil {
				return err
			}
			switch {
			case verify:
				return a.verify(cmd.Context())
			case watches:
				return a.watch(cmd.Context())
			}
			flags.record = true
			return a.edit(cmd.Context(), flags, func(*project.Project) (outcome, error) { return outcome{next: "make run"}, nil })
		},
	}
	cmd.Flags().BoolVar(&verify, "verify", false, "print a diff of the files that are out of date, without writing them, and exit with 1 if there are any")
	cmd.Flags().BoolVar(&watches, "watch", false, "generate again after each change, until Ctrl-C")
	flags.add(a, cmd, false)
	return cmd
}

// onlyOne rejects a flag in combination with any of the others.
func onlyOne(cmd *cobra.Command, name string, others ...string) error {
	if !cmd.Flag(name).Changed {
		return nil
	}
	for _, other := range others {
		if cmd.Flag(other).Changed {
			return usagef("--%s and --%s cannot be used together", name, other)
		}
	}
	return nil
}

// verify prints a diff of the files that generate would write or delete. It returns an error if there are any.
func (a *app) verify(ctx context.Context) error {
	return a.locked(ctx, func(root string, p *project.Project) error {
		plan, err := a.generate(ctx, slowTo(a.stderr), root, p, nil)
		if err != nil {
			return err
		}
		if !plan.Changed() {
			_, err := fmt.Fprintln(a.stdout, "Everything is up to date.")
			return err
		}
		diff, err := plan.Diff(regular.DirFS(root))
		if err != nil {
			return err
		}
		if _, err := a.stdout.Write(diff); err != nil {
			return err
		}
		return errors.New("the project is not up to date: run \"builder generate\", and commit what it writes")
	})
}
