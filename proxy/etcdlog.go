package proxy

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"k8s.io/klog/v2"
)

// etcdLogger writes what etcd has to say where everything else is logged, at -v 1 and above: etcd calls errors that it
// has just been created and that it has just been closed. What is fatal goes to the hook.
func etcdLogger(fatal fatalHook) *zap.Logger {
	return zap.New(klogCore{}, zap.WithFatalHook(fatal), zap.WithPanicHook(fatal))
}

// klogCore has klog write zap's messages.
type klogCore struct {
	context []zapcore.Field
}

// Enabled leaves out what is for etcd's developers.
func (c klogCore) Enabled(level zapcore.Level) bool {
	return level >= zapcore.InfoLevel && klog.V(1).Enabled()
}

// With returns a core that writes the fields with each message.
func (c klogCore) With(fields []zapcore.Field) zapcore.Core {
	return klogCore{slices.Concat(c.context, fields)}
}

// Check adds the core to those that write the message.
func (c klogCore) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(entry.Level) {
		return checked.AddCore(entry, c)
	}
	return checked
}

// Write writes a message and its fields, in the order of their names.
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

// Sync has nothing to do.
func (klogCore) Sync() error { return nil }

// fatalHook takes what etcd would end the process for, so that the proxy can end in order and say why.
type fatalHook chan error

// OnWrite keeps the caller from going on, as the end of the process would.
func (h fatalHook) OnWrite(entry *zapcore.CheckedEntry, fields []zapcore.Field) {
	err := errors.New(entry.Message)
	for _, field := range fields {
		if cause, ok := field.Interface.(error); ok {
			err = fmt.Errorf("%s: %w", entry.Message, cause)
		}
	}
	select {
	case h <- err:
	default: // the first is the one to tell
	}
	select {}
}
