package main

import (
	"flag"
	"fmt"
	"strconv"

	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

// configureLogging sends klog to stderr, at level 0 only its errors: everything else there is about clusters.
func configureLogging(verbosity int) error {
	// kube-apiserver would warn itself about the old APIs it reads.
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	threshold := "INFO"
	if verbosity <= 0 {
		threshold = "ERROR"
	}
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	for name, value := range map[string]string{
		"v":                                strconv.Itoa(verbosity),
		"stderrthreshold":                  threshold,
		"legacy_stderr_threshold_behavior": "false", // makes the threshold count
	} {
		if err := flags.Set(name, value); err != nil {
			return fmt.Errorf("set up logging: %w", err)
		}
	}
	return nil
}
