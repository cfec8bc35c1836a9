// Command builder creates extension-apiservers for Kubernetes: it creates projects, generates code from their types, and runs them behind a
// reference aggregation proxy.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/fatih/color"

	"github.com/apiserver-builder/builder/cmd/builder/internal/display"
	_ "github.com/apiserver-builder/builder/cmd/builder/internal/early"
	"github.com/apiserver-builder/builder/generators/diagnostics"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process immediately, in case the shutdown takes too long.
	context.AfterFunc(ctx, stop)
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, getwd: os.Getwd, executable: os.Executable, timeouts: defaultTimeouts, version: installedVersion()}
	os.Exit(a.execute(ctx, os.Args[1:]))
}

// execute runs a command line and returns the exit code: 2 for invalid usage, 1 for other errors.
func (a *app) execute(ctx context.Context, args []string) int {
	root := a.command()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if shown := (shownError{}); errors.As(err, &shown) {
		return shown.code
	}
	a.explain(err)
	if usage := (usageError{}); errors.As(err, &usage) {
		return 2
	}
	return 1
}

const (
	// mostProblems is the maximum number of printed problems, unless the user requests all.
	mostProblems = 20
	// allErrors is the name of the flag that prints all problems.
	allErrors = "all-errors"
)

// explain prints an error. Errors in the user's code get one line each.
func (a *app) explain(err error) {
	prefix := display.StyleOf(a.stderr, a.getenv).Paint("builder:", color.FgRed)
	problems := diagnostics.List{}
	if !errors.As(err, &problems) {
		fmt.Fprintln(a.stderr, prefix, err)
		return
	}
	most := mostProblems
	if a.allErrors {
		most = len(problems)
	}
	for _, problem := range problems[:min(most, len(problems))] {
		if problem.Pos.Filename == "" {
			fmt.Fprint(a.stderr, prefix, " ")
		}
		fmt.Fprintln(a.stderr, problem) // starts with its position, so that editors can find it
	}
	if more := len(problems) - most; more > 0 {
		fmt.Fprintf(a.stderr, "%s %d more errors: --%s prints them too\n", prefix, more, allErrors)
	}
}
