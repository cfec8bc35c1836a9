package etcd

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"k8s.io/klog/v2"
)

// newLogger returns a logger that writes etcd's messages to klog, at -v 1 and above, because etcd logs some normal events, such as
// its start and its end, as errors. Fatal errors go to the hook.
func newLogger(fatal fatalHook) *zap.Logger {
	return zap.New(klogCore{}, zap.WithFatalHook(fatal), zap.WithPanicHook(fatal))
}

// klogCore writes zap's messages to klog.
type klogCore struct {
	context []zapcore.Field
}

// Enabled leaves out debug messages.
func (c klogCore) Enabled(level zapcore.Level) bool {
	return level >= zapcore.InfoLevel && klog.V(1).Enabled()
}

// With returns a core that adds the fields to each message.
func (c klogCore) With(fields []zapcore.Field) zapcore.Core {
	return klogCore{slices.Concat(c.context, fields)}
}

// Check adds the core to an entry if the entry's level is enabled.
func (c klogCore) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(entry.Level) {
		return checked.AddCore(entry, c)
	}
	return checked
}

// Write writes a message and its fields, sorted by name.
func (c klogCore) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	values := zapcore.NewMapObjectEncoder()
	for _, field := range slices.Concat(c.context, fields) {
		field.AddTo(values)
	}
	pairs := []any{"level", entry.Level.String()}
	for _, name := range slices.Sorted(maps.Keys(values.Fields)) {
		pairs = append(pairs, name, values.Fields[name])
	}
	klog.V(1).InfoS("etcd: "+entry.Message, pairs...)
	return nil
}

// Sync implements zapcore.Core. There is nothing to flush.
func (klogCore) Sync() error { return nil }

// fatalHook receives the errors for which etcd would end the process, so that the proxy can stop in order and report the reason.
type fatalHook chan error

// OnWrite sends the error to the hook, and never returns, because etcd expects that the process ends here.
func (h fatalHook) OnWrite(entry *zapcore.CheckedEntry, fields []zapcore.Field) {
	err := errors.New(entry.Message)
	for _, field := range fields {
		if cause, ok := field.Interface.(error); ok {
			err = fmt.Errorf("%s: %w", entry.Message, cause)
		}
	}
	select {
	case h <- err:
	default: // only the first error is reported
	}
	select {}
}
