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

	"github.com/apiserver-builder/builder/internal/regular"
)

// reportVariable contains the file descriptor that a detached run reports to.
const reportVariable = "BUILDER_RUN_REPORT_FD"

// Report returns the pipe that this process reports to if it is a detached run, for Options.Report. Otherwise it returns nil.
func Report(getenv func(string) string) io.WriteCloser {
	number, err := strconv.Atoi(getenv(reportVariable))
	if err != nil {
		return nil
	}
	syscall.CloseOnExec(number) // otherwise its reader would wait for the children too
	return os.NewFile(uintptr(number), "report")
}

// Detach starts "EXECUTABLE run" in the background, prints its events, and returns once all programs are running. It passes options as
// flags: --fresh, --certificate-validity, --watch and --port.
func Detach(ctx context.Context, o Options, executable string) error {
	return detach(ctx, o, executable, stopTimeout)
}

// detach is like Detach, with a timeout for the end of an interrupted run.
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
			_ = reports.Close()                                 // a process that it started may keep the pipe open
		})
	})()

	shown := newBacklog()
	defer shown.close(showTime)
	c := newConsole(shown.to(o.Out), shown.to(o.Err), o.Style)
	var last event
	for decoder := json.NewDecoder(reports); ; {
		var e event
		if err := decoder.Decode(&e); err != nil {
			break // it has exited, or has nothing more to report
		}
		c.show(e)
		last = e
	}
	if last.Screen != "" {
		return cmd.Process.Release()
	}
	err = cmd.Wait()
	if killed.Load() {
		return fmt.Errorf("the background process did not stop within %s and was killed: see %s", timeout, backgroundLog(o.Dir))
	}
	if last.Failure != "" {
		return errors.New(last.Failure)
	}
	return fmt.Errorf("the background process exited before everything was running (%w): see %s", err, backgroundLog(o.Dir))
}

// startDetached starts a run in a new session, so that it outlives the terminal.
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
	if o.Generate == nil {
		cmd.Args = append(cmd.Args, "--watch=false")
	}
	if o.Port != 0 {
		cmd.Args = append(cmd.Args, "--port="+strconv.Itoa(o.Port))
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("start the background process: %w", err), reports.Close())
	}
	return reports, cmd, nil
}

func backgroundLog(dir string) string { return filepath.Join(dir, stateDir, "logs", "builder.log") }
