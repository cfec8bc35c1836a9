// Command builder makes extension-apiservers for Kubernetes: it creates a project, generates everything that follows from
// its types, and runs it behind a reference aggregation proxy.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/apiserver-builder/builder/generators/codegen"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the next one ends the process at once, should the orderly end take too long.
	context.AfterFunc(ctx, stop)
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv, getwd: os.Getwd, executable: os.Executable, patience: defaultPatience}
	os.Exit(a.execute(ctx, os.Args[1:]))
}

// execute runs one command line and returns the exit code: 2 for wrong usage, 1 for any other failure.
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
	if problems := (codegen.Diagnostics{}); errors.As(err, &problems) {
		for _, problem := range problems {
			if problem.Pos.Filename == "" {
				fmt.Fprint(a.err, "builder: ")
			}
			fmt.Fprintln(a.err, problem) // begins with its position, where editors look for it
		}
		return 1
	}
	fmt.Fprintln(a.err, "builder:", err)
	if usage := (usageError{}); errors.As(err, &usage) {
		return 2
	}
	return 1
}
