package inprocess

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"

	"k8s.io/klog/v2"
)

// process guards the state of the process that generators use or change: os.Args[0], klog, and exiting.
var process sync.Mutex

// As runs f with os.Args[0] set to name, which generators write to the headers of their files.
func As(name string, f func() error) error {
	return Quietly(func() error {
		saved := os.Args
		os.Args = append([]string{name}, saved[min(1, len(saved)):]...)
		defer func() { os.Args = saved }()
		return f()
	})
}

// exited is the panic value that replaces an exit of the process.
type exited struct{}

// Quietly runs f without klog's output. An exit through klog.Fatal, and a panic, become an error: generators report errors in their input
// in these ways.
func Quietly(f func() error) (err error) {
	process.Lock()
	defer process.Unlock()
	state := klog.CaptureState()
	defer state.Restore()
	exit := klog.OsExit
	defer func() { klog.OsExit = exit }()

	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	// With this flag, klog does not print a stack trace on a fatal error.
	if err := flags.Set("logtostderr", "true"); err != nil {
		return fmt.Errorf("silencing the generators: %w", err)
	}
	var fatal string
	klog.SetLoggerWithOptions(klog.New(nil), klog.WriteKlogBuffer(func(line []byte) {
		if _, msg, ok := bytes.Cut(line, []byte("] ")); ok && line[0] == 'F' {
			fatal = string(bytes.TrimSpace(msg))
		}
	}))
	klog.OsExit = func(int) { panic(exited{}) }

	defer func() {
		if fatal != "" {
			err = errors.New(fatal)
		}
	}()
	return Protect(f)
}

// Protect runs f. A panic becomes an error.
func Protect(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	return f()
}
