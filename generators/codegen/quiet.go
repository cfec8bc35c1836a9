package codegen

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"

	"k8s.io/klog/v2"
)

// process guards what generators take from, or do to, the whole process: os.Args[0], klog, and exiting.
var process sync.Mutex

// asGenerator runs f with the process looking like the generator's own, whose name the headers of generated files carry.
func asGenerator(name string, f func() error) error {
	return quietly(func() error {
		saved := os.Args
		os.Args = append([]string{name}, saved[min(1, len(saved)):]...)
		defer func() { os.Args = saved }()
		return f()
	})
}

// exited is thrown in place of an exit of the process.
type exited struct{}

// quietly runs f with klog silenced. An exit through klog.Fatal becomes an error, and so does a panic: generators have no
// other way to say what is wrong with their input.
func quietly(f func() error) (err error) {
	process.Lock()
	defer process.Unlock()
	state := klog.CaptureState()
	defer state.Restore()
	exit := klog.OsExit
	defer func() { klog.OsExit = exit }()

	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	// With this one klog prints no stack on a fatal error.
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
		switch r := recover().(type) {
		case nil:
		case exited:
			err = errors.New(fatal)
		default:
			err = fmt.Errorf("%v", r)
		}
	}()
	return f()
}
