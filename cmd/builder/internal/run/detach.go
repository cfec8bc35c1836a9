package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/apiserver-builder/builder/generators/regular"
)

// reportVariable tells a detached run the number of the file descriptor to report to.
const reportVariable = "BUILDER_RUN_REPORT_FD"

// Report returns where this process, being a detached run, reports to: for Options.Report. It is nil in any other process.
func Report(getenv func(string) string) io.WriteCloser {
	number, err := strconv.Atoi(getenv(reportVariable))
	if err != nil {
		return nil
	}
	syscall.CloseOnExec(number) // or its reader would wait for the children too
	return os.NewFile(uintptr(number), "report")
}

// Detach starts "EXECUTABLE run" in the background, shows what it reports, and returns once all runs. The options become flags:
// --fresh, --certificate-validity and --port.
func Detach(ctx context.Context, o Options, executable string) error {
	return detach(ctx, o, executable, stopTimeout)
}

// detach is Detach, with the time that an interrupted run may take to end.
func detach(ctx context.Context, o Options, executable string, timeout time.Duration) error {
	if pid, err := Running(ctx, o.Dir); err != nil {
		return err
	} else if pid != 0 {
		return &RunningError{PID: pid}
	}
	reports, cmd, err := startDetached(o, executable)
	if err != nil {
		return err
	}
	defer reports.Close()
	var killed atomic.Bool
	defer context.AfterFunc(ctx, func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		time.AfterFunc(timeout, func() {
			killed.Store(true)
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it leads a session
			_ = reports.Close()                                 // something that it started may hold on to it
		})
	})()

	shown := newBacklog()
	defer shown.close(showTime)
	c := &console{out: shown.to(o.Out), err: shown.to(o.Err), terminal: o.Terminal}
	var last event
	for decoder := json.NewDecoder(reports); ; {
		var e event
		if err := decoder.Decode(&e); err != nil {
			break // it has ended, or has nothing more to report
		}
		c.show(e)
		last = e
	}
	if last.Screen != "" {
		return cmd.Process.Release()
	}
	err = cmd.Wait()
	if killed.Load() {
		return fmt.Errorf("the run in the background was asked to stop, did not end within %s and was killed: see %s", timeout, backgroundLog(o.Dir))
	}
	if last.Failure != "" {
		return errors.New(last.Failure)
	}
	return fmt.Errorf("the run in the background ended before all ran (%w): see %s", err, backgroundLog(o.Dir))
}

// startDetached starts a run in a session of its own, so that it outlives the terminal.
func startDetached(o Options, executable string) (reports *os.File, cmd *exec.Cmd, err error) {
	if err := os.MkdirAll(filepath.Dir(backgroundLog(o.Dir)), 0o700); err != nil {
		return nil, nil, err
	}
	log, err := regular.OpenFile(backgroundLog(o.Dir), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, nil, err
	}
	defer log.Close()
	reports, report, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	defer report.Close()

	cmd = &exec.Cmd{
		Path:        executable,
		Args:        []string{"builder", "run"},
		Dir:         o.Dir,
		Env:         append(os.Environ(), reportVariable+"=3", "AGGREGATION_PROXY="+o.Proxy),
		Stdout:      log,
		Stderr:      log,
		ExtraFiles:  []*os.File{report}, // descriptor 3
		SysProcAttr: &syscall.SysProcAttr{Setsid: true},
	}
	if o.Fresh {
		cmd.Args = append(cmd.Args, "--fresh")
	}
	if o.Validity != 0 {
		cmd.Args = append(cmd.Args, "--certificate-validity="+o.Validity.String())
	}
	if o.Port != 0 {
		cmd.Args = append(cmd.Args, "--port="+strconv.Itoa(o.Port))
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("start the run in the background: %w", err), reports.Close())
	}
	return reports, cmd, nil
}

func backgroundLog(dir string) string { return filepath.Join(dir, stateDir, "logs", "builder.log") }
