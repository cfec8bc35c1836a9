package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// An app is what the commands know of the world outside.
type app struct {
	in         io.Reader
	out, err   io.Writer
	getenv     func(string) string
	getwd      func() (string, error)
	executable func() (string, error)
	patience   patience
}

// A usageError is a command line that can't be meant.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// A shownError is a failure that has been explained already, and the code to exit with.
type shownError struct{ code int }

func (e shownError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// command returns the command line of builder.
func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "builder",
		Short: "Build Kubernetes extension-apiservers",
		Long: `builder creates an extension-apiserver and its controllers, generates everything that follows from their types, and runs
them on this machine behind a reference aggregation proxy. It needs no cluster.`,
		Example: `  builder init --domain example.com --module example.com/shop
  builder create resource --group fruit --version v1alpha1 --kind Apple
  builder run`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if args := cmd.Flags().Args(); cmd.HasSubCommands() && len(args) > 0 { // flags of a command that there isn't
			return noCommand(cmd, args)
		}
		return usagef("%w: see %q", err, cmd.CommandPath()+" --help")
	})
	root.PersistentPreRunE = noEmptyFlags
	root.AddCommand(a.initCommand(), a.createCommand(), a.generateCommand(), a.runCommand(), a.stopCommand(), a.kubectlCommand(), a.versionCommand())
	checkOwnArgs(root)
	return root
}

// checkOwnArgs makes cobra's own commands refuse what they don't know, instead of printing help as if all were well.
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

// noCommand refuses arguments of a command that has only subcommands.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2 // as cobra itself has it
	hint := fmt.Sprintf("see %q", cmd.CommandPath()+" --help")
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf("did you mean %q", cmd.CommandPath()+" "+strings.Join(near, " or "))
	}
	return usagef("unknown command %q for %q: %s", args[0], cmd.CommandPath(), hint)
}

// noArgs refuses arguments of a command that takes flags only.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%q takes no argument %q, only flags: see %q", cmd.CommandPath(), args[0], cmd.CommandPath()+" --help")
	}
	return nil
}

// noEmptyFlags refuses a flag whose value is empty, as that of a shell variable that isn't set is: what the command would do without
// the flag is not what was meant.
func noEmptyFlags(cmd *cobra.Command, _ []string) error {
	var empty []string
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		value := flag.Value.String()
		if value == "" && flag.Name != "group" || value == "[]" && flag.Value.Type() == "stringSlice" { // --group "" is Kubernetes' own
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
	return usagef("%s %s empty: give a value, or leave the flag out", strings.Join(empty, " and "), are)
}

// oneArg wants one argument, called what.
func oneArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch len(args) {
		case 0:
			return usagef("%q wants %s: %s", cmd.CommandPath(), what, cmd.UseLine())
		case 1:
			return nil
		}
		return usagef("%q wants %s only, not also %q", cmd.CommandPath(), what, args[1])
	}
}

// required says which of the named flags were not given.
func required(cmd *cobra.Command, names ...string) error {
	var missing []string
	for _, name := range names {
		flag := cmd.Flag(name)
		core := name == "group" && flag.Changed // --group "" is Kubernetes' own
		if flag.Value.String() == "" && !core {
			missing = append(missing, "--"+name)
		}
	}
	if len(missing) > 0 {
		return usagef("%q wants %s: see %q", cmd.CommandPath(), strings.Join(missing, ", "), cmd.CommandPath()+" --help")
	}
	return nil
}
