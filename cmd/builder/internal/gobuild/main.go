//go:build ignore

// This program is "go build" with a display of its progress. The Makefile uses it for the first build, which takes minutes.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"github.com/apiserver-builder/builder/cmd/builder/internal/display"
	"github.com/apiserver-builder/builder/cmd/builder/internal/gobuild"
)

func main() {
	output := flag.String("o", "", "the flag -o of go build")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	shown := display.New(os.Stderr, display.StyleOf(os.Stderr, os.Getenv).Terminal)
	shown.Begin("building " + strings.Join(flag.Args(), " "))
	out, err := gobuild.Build(ctx, gobuild.Options{Output: *output, Packages: flag.Args(), Show: shown.Detail})
	shown.End()
	if out != "" {
		fmt.Fprintln(os.Stderr, out)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "go build:", err)
		os.Exit(1)
	}
}
