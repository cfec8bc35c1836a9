// Command aggregation-proxy is the reference aggregation proxy: a kube-apiserver's aggregation layer and control plane
// on this machine, with no cluster, for extension-apiservers to register with.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/apiserver-builder/builder/proxy"
)

// Exit codes scripts may rely on.
const (
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the next one ends the process at once, should the orderly end take too long.
	context.AfterFunc(ctx, stop)
	stdout := os.Stdout
	// Whatever else is linked in and prints: standard output is for the ready line.
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
	return proxy.Run(ctx, c.options, func(ctx context.Context, url string) {
		fmt.Fprintf(stdout, "ready: %s\n", url)
		// What newLogs could set can be set again.
		_ = logs.showErrors(true)
		context.AfterFunc(ctx, func() { _ = logs.showErrors(false) })
		go returnMemory(ctx)
	})
}

// oneLine keeps to a sentence what joined errors spread over several.
func oneLine(err error) string {
	return strings.Join(strings.Split(strings.TrimSpace(err.Error()), "\n"), "; ")
}
