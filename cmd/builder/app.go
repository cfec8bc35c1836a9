package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// An app contains the environment of the commands.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	getwd          func() (string, error)
	executable     func() (string, error)
	timeouts       timeouts
	// version is the version of builder to record in PROJECT, or "" for a development build.
	version string
	// allErrors means that all errors in the project's Go code are printed, not only the first ones.
	allErrors bool
}

// A usageError reports an invalid command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// A shownError is a failure that has already been printed, with the exit code.
type shownError struct{ code int }

func (e shownError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// command returns the root command.
func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "builder",
		Short: "Build Kubernetes extension-apiservers",
		Long: `builder creates an extension-apiserver with its controllers, generates code and manifests from their types, and runs them on
this machine behind a reference aggregation proxy. It does not need a cluster.`,
		Example: `  builder init --domain example.com --module example.com/shop
  builder create resource --group fruit --version v1alpha1 --kind Apple
  builder run`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if args := cmd.Flags().Args(); cmd.HasSubCommands() && len(args) > 0 { // the flags follow an unknown subcommand
			return noCommand(cmd, args)
		}
		return usagef("%w: see %q", err, cmd.CommandPath()+" --help")
	})
	root.PersistentPreRunE = noEmptyFlags
	root.AddCommand(a.initCommand(), a.createCommand(), a.generateCommand(), a.runCommand(), a.stopCommand(), a.imageCommand(), a.deployCommand(), a.undeployCommand(), a.kubectlCommand(), a.versionCommand())
	checkOwnArgs(root)
	return root
}

// checkOwnArgs makes cobra's own commands return an error for unknown arguments. By default, they print the help.
func checkOwnArgs(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			cmd.Args = func(_ *cobra.Command, args []string) error {
				found, rest, err := root.Find(args)
				if err != nil {
					return usageError{err}
				}
				return noCommand(found, rest)
			}
		case "completion":
			cmd.Args, cmd.RunE = noCommand, func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
			for _, shell := range cmd.Commands() {
				shell.Args = noArgs
			}
		}
	}
}

// noCommand rejects arguments of a command that only has subcommands.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2 // cobra's default
	hint := fmt.Sprintf("see %q", cmd.CommandPath()+" --help")
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf("did you mean %q", cmd.CommandPath()+" "+strings.Join(near, " or "))
	}
	return usagef("unknown command %q for %q: %s", args[0], cmd.CommandPath(), hint)
}

// noArgs rejects arguments of a command that only has flags.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%q does not accept the argument %q: see %q", cmd.CommandPath(), args[0], cmd.CommandPath()+" --help")
	}
	return nil
}

// noEmptyFlags rejects flags with an empty value, such as that of an unset shell variable. Otherwise, the command would run as if the flag
// were missing.
func noEmptyFlags(cmd *cobra.Command, _ []string) error {
	var empty []string
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		value := flag.Value.String()
		if value == "" && flag.Name != "group" || value == "[]" && flag.Value.Type() == "stringSlice" { // --group "" is Kubernetes' core group
			empty = append(empty, "--"+flag.Name)
		}
	})
	if len(empty) == 0 {
		return nil
	}
	are := "is"
	if len(empty) > 1 {
		are = "are"
	}
	return usagef("%s %s empty: set a value, or omit the flag", strings.Join(empty, " and "), are)
}

// oneArg requires exactly one argument. what describes it in messages.
func oneArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch len(args) {
		case 0:
			return usagef("%q requires %s: %s", cmd.CommandPath(), what, cmd.UseLine())
		case 1:
			return nil
		}
		return usagef("%q requires only %s: remove %q", cmd.CommandPath(), what, args[1])
	}
}

// required returns an error if any of the named flags is missing.
func required(cmd *cobra.Command, names ...string) error {
	var missing []string
	for _, name := range names {
		flag := cmd.Flag(name)
		core := name == "group" && flag.Changed // --group "" is Kubernetes' core group
		if flag.Value.String() == "" && !core {
			missing = append(missing, "--"+name)
		}
	}
	if len(missing) > 0 {
		return usagef("%q requires %s: see %q", cmd.CommandPath(), strings.Join(missing, ", "), cmd.CommandPath()+" --help")
	}
	return nil
}
