package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/apiserver-builder/builder/generators/regular"
)

// A crashError says that a child ended that nobody had asked to.
type crashError struct {
	name, status, log string
	tail              []string
}

func (e *crashError) Error() string {
	return fmt.Sprintf("the %s ended by itself (%s), so everything was stopped: its whole log is %s", e.name, e.status, e.log)
}

// children are the processes that make up a run, in the order in which they were started.
type children struct {
	logs  string                  // folder of the log files
	grace time.Duration           // how long one may take to end after SIGTERM
	kill  time.Duration           // and after SIGKILL
	echo  func(name, line string) // is given every line they write
	crash func(*crashError)       // is told of a crash
	list  []*process
}

// A process is a child.
type process struct {
	name     string
	cmd      *exec.Cmd
	output   *output
	stopping atomic.Bool
	done     chan struct{} // closed when it has ended
}

// start starts a child, whose output goes to LOGS/NAME.log; each line is shown to watch too, where there is one.
func (c *children) start(name, path string, args []string, watch func(line string)) (*process, error) {
	log, err := regular.OpenFile(c.logFile(name), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	p := &process{name: name, cmd: exec.Command(path, args...), done: make(chan struct{})}
	p.output = &output{log: log, line: func(line string) {
		c.echo(name, line)
		if watch != nil {
			watch(line)
		}
	}}
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	p.cmd.SysProcAttr = attributes()
	p.cmd.WaitDelay = time.Second // something that it started may hold on to its output

	started := make(chan error)
	go c.supervise(p, started)
	if err := <-started; err != nil {
		return nil, errors.Join(fmt.Errorf("start the %s: %w", name, err), log.Close())
	}
	c.list = append(c.list, p)
	return p, nil
}

func (c *children) logFile(name string) string { return filepath.Join(c.logs, name+".log") }

// supervise starts p and waits for its end.
func (c *children) supervise(p *process, started chan<- error) {
	// Linux ends the child when the *thread* that started it ends: keep that for as long as the child lives.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	_ = p.cmd.Wait() // ProcessState says the same, in words
	tail := p.output.close()
	if !p.stopping.Load() {
		c.crash(&crashError{p.name, p.cmd.ProcessState.String(), p.output.log.Name(), tail})
	}
	close(p.done)
}

// stop ends all children, the last started first, each before the next.
func (c *children) stop() error {
	var errs []error
	for _, p := range slices.Backward(c.list) {
		errs = append(errs, p.stop(c.grace, c.kill))
	}
	return errors.Join(errs...)
}

// stop asks p to end, and makes it when the time of grace is over. The kernel does not end a process that waits for a disk.
func (p *process) stop(grace, kill time.Duration) error {
	p.stopping.Store(true)
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // fails only when it has ended
	select {
	case <-p.done:
	case <-time.After(grace):
		// Not waited for, so the pid is still its own. The group is it and what it started.
		_ = syscall.Kill(-p.pid(), syscall.SIGKILL)
		select {
		case <-p.done:
		case <-time.After(kill):
			return fmt.Errorf("the %s (pid %d) was killed and is still there after %s: see whether its disk answers, and end it by hand", p.name, p.pid(), kill)
		}
	}
	return nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// wait calls check until it returns nil. It gives up with ctx's cause when ctx is done, and with the last of check's errors
// when the time is up.
func wait(ctx context.Context, timeout time.Duration, check func(context.Context) error) error {
	deadline, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var last error
	for {
		err := check(deadline)
		if err == nil {
			return nil
		}
		if last == nil || deadline.Err() == nil {
			last = err // later ones only say that the time is up
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-deadline.Done():
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return last
		}
	}
}
