package main

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path"
	"strconv"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

const (
	textFormat = "text"
	jsonFormat = "json"
)

// logOptions is what the command line says about the log.
type logOptions struct {
	verbosity int
	format    string
}

func (o logOptions) validate() error {
	var errs []error
	if o.verbosity < 0 {
		errs = append(errs, errors.New("-v must not be negative"))
	}
	if o.format != textFormat && o.format != jsonFormat {
		errs = append(errs, fmt.Errorf("--logging-format %q is neither %s nor %s", o.format, textFormat, jsonFormat))
	}
	return errors.Join(errs...)
}

// logs is where klog's messages go: to stderr, at level 0 only errors, and those only between the start and the end.
// While they start and stop, kube-apiserver's parts log errors about each other that nobody can do anything about.
type logs struct {
	verbosity int
	text      *flag.FlagSet
	json      slog.LevelVar
}

func newLogs(o logOptions) (*logs, error) {
	// kube-apiserver would warn itself about the old APIs it reads.
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	l := &logs{text: flag.NewFlagSet("klog", flag.ContinueOnError), verbosity: o.verbosity}
	klog.InitFlags(l.text)
	// klog ignores the threshold unless told otherwise.
	if err := l.text.Set("legacy_stderr_threshold_behavior", "false"); err != nil {
		return nil, fmt.Errorf("set up logging: %w", err)
	}
	if err := l.text.Set("v", strconv.Itoa(o.verbosity)); err != nil {
		return nil, fmt.Errorf("set up logging: %w", err)
	}
	if o.format == jsonFormat {
		klog.SetSlogLogger(slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{AddSource: true, Level: &l.json, ReplaceAttr: asKubernetes})))
	}
	return l, l.showErrors(false)
}

// asKubernetes gives a message's own fields the names and forms that Kubernetes' JSON logs have.
func asKubernetes(groups []string, a slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return a
	}
	switch value := a.Value.Any().(type) {
	case time.Time:
		if a.Key == slog.TimeKey {
			return slog.Float64("ts", float64(value.UnixMicro())/1000)
		}
	case slog.Level:
		if value >= slog.LevelError {
			return slog.Attr{} // told by the field err
		}
		return slog.Int("v", int(-value))
	case *slog.Source:
		return slog.String("caller", fmt.Sprintf("%s:%d", path.Join(path.Base(path.Dir(value.File)), path.Base(value.File)), value.Line))
	}
	return a
}

// showErrors tells whether errors are worth showing now.
func (l *logs) showErrors(show bool) error {
	threshold, level := "INFO", slog.Level(-l.verbosity)
	if l.verbosity == 0 && show {
		threshold, level = "ERROR", slog.LevelError
	} else if l.verbosity == 0 {
		threshold, level = "FATAL", slog.LevelError+1
	}
	l.json.Set(level)
	if err := l.text.Set("stderrthreshold", threshold); err != nil {
		return fmt.Errorf("set up logging: %w", err)
	}
	return nil
}
