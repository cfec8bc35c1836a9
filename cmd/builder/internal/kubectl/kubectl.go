// Package kubectl runs the built-in kubectl, by default against the running project.
package kubectl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"

	"github.com/apiserver-builder/builder/cmd/builder/internal/run"
	"github.com/apiserver-builder/builder/internal/regular"
)

// An ExitError reports that kubectl failed, and has already printed the error.
type ExitError struct {
	// Code is kubectl's exit code.
	Code int
}

func (e *ExitError) Error() string { return fmt.Sprintf("kubectl failed with exit code %d", e.Code) }

// offline lists the commands that do not need a server.
var offline = []string{"kubectl", "help", "completion", "options", "plugin", "kustomize", "version", "config", cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd}

// Run runs kubectl with args. Without --kubeconfig, kubectl uses the project whose folder find returns, which must be running if the
// command needs a server. If kubectl fails after printing an error, Run returns an ExitError.
func Run(ctx context.Context, find func() (dir string, err error), args []string, streams genericclioptions.IOStreams) error {
	command := Command(streams)
	if !names(args, "--kubeconfig") {
		dir, err := find()
		if err != nil {
			return err
		}
		if needsServer(command, args) {
			if err := checkRunning(dir); err != nil {
				return err
			}
		}
		// The flag comes first, so that it also applies to "config", which has its own flag with this name.
		own := []string{"--kubeconfig=" + run.Kubeconfig(dir)}
		if !names(args, "--cache-dir") {
			own = append(own, "--cache-dir="+run.Discovery(dir))
		}
		args = append(own, args...)
	}
	command.SetArgs(args)
	command.SetContext(ctx)
	// As in kubectl, Ctrl-C ends the process unless a command (an editor, a watch) handles it.
	signal.Reset(os.Interrupt, syscall.SIGTERM)
	return execute(command, streams.ErrOut)
}

// Command returns kubectl's command.
func Command(streams genericclioptions.IOStreams) *cobra.Command {
	if build, ok := debug.ReadBuildInfo(); ok {
		setVersion(build)
	}
	command := cmd.NewKubectlCommand(cmd.KubectlOptions{
		IOStreams: streams,
		ConfigFlags: genericclioptions.NewConfigFlags(true).WithDeprecatedPasswordFlag().
			WithDiscoveryBurst(300).WithDiscoveryQPS(50).WithWarningPrinter(streams),
	})
	command.SetIn(streams.In)
	command.SetOut(streams.Out)
	command.SetErr(streams.ErrOut)
	return command
}

// execute runs the command. kubectl exits the process on errors; execute returns them instead.
func execute(command *cobra.Command, errOut io.Writer) (err error) {
	defer cmdutil.DefaultBehaviorOnFatal()
	cmdutil.BehaviorOnFatal(func(message string, code int) {
		if message != "" {
			fmt.Fprintln(errOut, strings.TrimSuffix(message, "\n"))
		}
		panic(&ExitError{Code: code})
	})
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *ExitError:
			err = r
		default:
			panic(r)
		}
	}()
	if err := cli.RunNoErrOutput(command); err != nil {
		cmdutil.CheckErr(err) // prints it in kubectl's format
	}
	return nil
}

func checkRunning(dir string) error {
	running, err := run.IsRunning(dir)
	if err != nil {
		return err
	}
	if err := regular.Check(run.Kubeconfig(dir)); err != nil {
		return err
	}
	if _, err := os.Stat(run.Kubeconfig(dir)); !running || errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf(`the project in %s is not running: start it with "builder run"`, dir)
	}
	return nil
}

// needsServer reports whether the command in args uses a server.
func needsServer(command *cobra.Command, args []string) bool {
	if names(args, "--help") || names(args, "-h") {
		return false
	}
	found, _, err := command.Find(args)
	if err != nil {
		return false // kubectl reports the error
	}
	for ; found.HasParent() && found.Parent().HasParent(); found = found.Parent() {
	}
	if found.Name() == "version" && !names(args, "--client") {
		return true
	}
	return !slices.Contains(offline, found.Name())
}

// names reports whether args contain the flag, before a "--" that ends kubectl's own flags.
func names(args []string, flag string) bool {
	for _, arg := range args {
		if arg == "--" {
			return false
		}
		if arg == flag || strings.HasPrefix(arg, flag+"=") {
			return true
		}
	}
	return false
}
