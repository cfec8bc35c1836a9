// Command aggregation-proxy is the reference aggregation proxy: a kube-apiserver's aggregation layer and control plane
// on this machine, with no cluster, for extension-apiservers to register with.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

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
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c, err := parse(args)
	switch {
	case err != nil:
		fmt.Fprintf(stderr, "aggregation-proxy: %s: see --help\n", oneLine(err))
		return exitUsage
	case c.help:
		fmt.Fprint(stdout, intro, c.flagUsages)
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
	if err := configureLogging(c.verbosity); err != nil {
		return err
	}
	if c.exitWithParent {
		var stop context.CancelFunc
		ctx, stop = withParent(ctx)
		defer stop()
	}
	tuneMemory()
	return proxy.Run(ctx, c.options, func(url string) {
		fmt.Fprintf(stdout, "ready: %s\n", url)
		go returnMemory(ctx)
	})
}

// oneLine keeps to a sentence what joined errors spread over several.
func oneLine(err error) string {
	return strings.Join(strings.Split(strings.TrimSpace(err.Error()), "\n"), "; ")
}

const (
	// A little more time in garbage collection for a third less memory, which is what this process uses most of.
	gcPercent = 50
	// When the controllers have read everything and their start-up garbage can go too.
	settled = 5 * time.Second
)

// tuneMemory leaves alone whoever says what they want with GOGC.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

// returnMemory gives what starting took back to the system.
func returnMemory(ctx context.Context) {
	debug.FreeOSMemory()
	select {
	case <-ctx.Done():
	case <-time.After(settled):
		debug.FreeOSMemory()
	}
}
