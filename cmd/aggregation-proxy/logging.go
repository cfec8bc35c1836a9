package main

import (
	"context"
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

// logOptions contains the values of the flags for logging.
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

// logs configures klog, which writes to stderr. At level 0, it writes only errors, and only between the start and the end, because
// kube-apiserver's components log errors about each other while they start and stop.
type logs struct {
	verbosity int
	text      *flag.FlagSet
	json      slog.LevelVar
}

func newLogs(o logOptions) (*logs, error) {
	// Otherwise, kube-apiserver would log warnings about deprecated APIs that it reads itself.
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	l := &logs{text: flag.NewFlagSet("klog", flag.ContinueOnError), verbosity: o.verbosity}
	klog.InitFlags(l.text)
	// Without this setting, klog ignores the threshold.
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

// asKubernetes gives a message's own fields the names and forms of Kubernetes' JSON logs.
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
			return slog.Attr{} // the field err implies the level
		}
		return slog.Int("v", int(-value))
	case *slog.Source:
		return slog.String("caller", fmt.Sprintf("%s:%d", path.Join(path.Base(path.Dir(value.File)), path.Base(value.File)), value.Line))
	}
	return a
}

// hideErrorsFirst returns a context that ends after ctx has ended and errors are hidden. Components that end with the context log
// errors at once, so hiding them from another function that waits for ctx would be too late.
func (l *logs) hideErrorsFirst(ctx context.Context) (context.Context, context.CancelFunc) {
	after, stop := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() {
		// This cannot fail, because newLogs has set the same flag.
		_ = l.showErrors(false)
		stop()
	})
	return after, stop
}

// showErrorsUntil shows errors until ctx ends.
func (l *logs) showErrorsUntil(ctx context.Context) {
	_ = l.showErrors(true)
	context.AfterFunc(ctx, func() { _ = l.showErrors(false) })
}

// showErrors sets whether errors are logged at level 0.
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
