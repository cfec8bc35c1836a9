package main

import (
	"flag"
	"fmt"
	"strconv"

	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

// logs is where klog's messages go: to stderr, at level 0 only errors, and those only between the start and the end.
// While they start and stop, kube-apiserver's parts log errors about each other that nobody can do anything about.
type logs struct {
	flags *flag.FlagSet
	quiet bool
}

func newLogs(verbosity int) (*logs, error) {
	// kube-apiserver would warn itself about the old APIs it reads.
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	l := &logs{flags: flag.NewFlagSet("klog", flag.ContinueOnError), quiet: verbosity == 0}
	klog.InitFlags(l.flags)
	// klog ignores the threshold unless told otherwise.
	if err := l.flags.Set("legacy_stderr_threshold_behavior", "false"); err != nil {
		return nil, fmt.Errorf("set up logging: %w", err)
	}
	if err := l.flags.Set("v", strconv.Itoa(verbosity)); err != nil {
		return nil, fmt.Errorf("set up logging: %w", err)
	}
	return l, l.showErrors(false)
}

// showErrors tells whether errors are worth showing now.
func (l *logs) showErrors(show bool) error {
	threshold := "INFO"
	if l.quiet && show {
		threshold = "ERROR"
	} else if l.quiet {
		threshold = "FATAL"
	}
	if err := l.flags.Set("stderrthreshold", threshold); err != nil {
		return fmt.Errorf("set up logging: %w", err)
	}
	return nil
}
