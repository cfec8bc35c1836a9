// Command aggregation-proxy is the reference aggregation proxy. It runs kube-apiserver's aggregation layer and control plane on
// this machine, without a cluster, so that extension-apiservers can register with it.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/apiserver-builder/builder/proxy/controlplane"
)

// The exit codes are part of the interface.
const (
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The second signal ends the process at once, in case the orderly end takes too long.
	context.AfterFunc(ctx, stop)
	stdout := os.Stdout
	// Other packages may print, but standard output must contain only the ready line.
	os.Stdout = os.Stderr
	os.Exit(run(ctx, os.Args[1:], stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c, err := parse(args)
	switch {
	case err != nil:
		fmt.Fprintf(stderr, "aggregation-proxy: %s: see --help\n", oneLine(err))
		return exitUsage
	case c.help:
		fmt.Fprint(stdout, intro, c.usage)
		return 0
	case c.version:
		fmt.Fprintln(stdout, version())
		return 0
	}
	if err := serve(ctx, c, stdout); err != nil {
		fmt.Fprintf(stderr, "aggregation-proxy: %s\n", oneLine(err))
		return exitFailure
	}
	return 0
}

func serve(ctx context.Context, c command, stdout io.Writer) error {
	logs, err := newLogs(c.logs)
	if err != nil {
		return err
	}
	if c.exitWithParent {
		var stop context.CancelFunc
		ctx, stop = withParent(ctx)
		defer stop()
	}
	setGCPercent(gcPercentStarting)
	ctx, stop := logs.hideErrorsFirst(ctx)
	defer stop()
	return controlplane.Run(ctx, c.options, func(ctx context.Context, url string) {
		fmt.Fprintf(stdout, "ready: %s\n", url)
		logs.showErrorsUntil(ctx)
		go returnMemory(ctx)
	})
}

// oneLine joins the lines of joined errors with semicolons.
func oneLine(err error) string {
	return strings.Join(strings.Split(strings.TrimSpace(err.Error()), "\n"), "; ")
}
