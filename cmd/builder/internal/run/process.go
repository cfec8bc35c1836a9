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
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/apiserver-builder/builder/cmd/builder/internal/cluster"
	"github.com/apiserver-builder/builder/internal/regular"
)

// A crashError reports a child that exited unexpectedly.
type crashError struct {
	name, status, log string
	tail              []string
	// trial means that the run continues without it.
	trial bool
}

func (e *crashError) Error() string {
	if e.trial {
		return fmt.Sprintf("the new %s exited unexpectedly (%s): see its log, %s", e.name, e.status, e.log)
	}
	return fmt.Sprintf("the %s exited unexpectedly (%s); all processes were stopped: see its log, %s", e.name, e.status, e.log)
}

// children are the processes of a run, in the order of their start.
type children struct {
	logs  string                  // folder of the log files
	grace time.Duration           // the timeout of a process after SIGTERM
	kill  time.Duration           // and after SIGKILL
	echo  func(name, line string) // called for each line of their output
	crash func(*crashError)       // called for each crash

	mu      sync.Mutex
	list    []*process
	stopped bool
}

// A process is a child.
type process struct {
	name     string
	cmd      *exec.Cmd
	output   *output
	stopping atomic.Bool
	trial    atomic.Bool   // its crash does not end the run; set with children.mu held
	end      *crashError   // its end, if it has exited; guarded by children.mu
	done     chan struct{} // closed when it has exited
}

// errStopped reports that the other children are being stopped.
var errStopped = errors.New("the run ends")

// start starts a child with the log LOGS/NAME.log. If watch is not nil, it is called for each line of the output.
func (c *children) start(name, path string, args []string, watch func(line string)) (*process, error) {
	return c.launch(&process{name: name, cmd: exec.Command(path, args...)}, watch)
}

// try starts a child beside the one with the same name. Until keep replaces that one, the run continues if the new one exits.
func (c *children) try(name, path string, args []string) (*process, error) {
	p := &process{name: name, cmd: exec.Command(path, args...)}
	p.trial.Store(true)
	return c.launch(p, nil)
}

func (c *children) launch(p *process, watch func(line string)) (*process, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return nil, errStopped
	}
	name, mode := p.name, os.O_TRUNC
	if p.trial.Load() {
		mode = 0 // the log covers the whole run
	}
	log, err := regular.OpenFile(c.logFile(name), os.O_WRONLY|os.O_CREATE|os.O_APPEND|mode, 0o600)
	if err != nil {
		return nil, err
	}
	p.done = make(chan struct{})
	p.output = &output{log: log, line: func(line string) {
		if !p.trial.Load() && !p.stopping.Load() { // during a trial and while stopping, the output is only in the log
			c.echo(name, line)
		}
		if watch != nil {
			watch(line)
		}
	}}
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	p.cmd.SysProcAttr = attributes()
	p.cmd.WaitDelay = time.Second // processes that it started may keep its output open

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
	// Linux kills the child when the *thread* that started it exits, so keep the thread as long as the child.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	_ = p.cmd.Wait() // ProcessState contains the same information
	tail := p.output.close()
	c.mu.Lock()
	end := &crashError{p.name, p.cmd.ProcessState.String(), p.output.log.Name(), tail, p.trial.Load()}
	p.end = end
	c.mu.Unlock()
	if !p.stopping.Load() && !end.trial {
		c.crash(end)
	}
	close(p.done)
}

// keep replaces other, which may be nil, by a child on trial. The caller drops other. keep returns an error if the child has exited.
func (c *children) keep(p, other *process) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.end != nil {
		return p.end
	}
	p.trial.Store(false)
	if i, j := slices.Index(c.list, p), slices.Index(c.list, other); j >= 0 {
		c.list[i], c.list[j] = c.list[j], c.list[i]
	}
	return nil
}

// drop stops one child. If all children are stopped meanwhile, it is stopped together with them.
func (c *children) drop(p *process) error {
	err := p.stop(c.grace, c.kill)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = slices.DeleteFunc(slices.Clone(c.list), func(other *process) bool { return other == p })
	return err
}

// stop stops all children, the last started first, one after the other. No child can be started afterwards.
func (c *children) stop() error {
	c.mu.Lock()
	c.stopped = true
	list := c.list
	c.mu.Unlock()
	var errs []error
	for _, p := range slices.Backward(list) {
		errs = append(errs, p.stop(c.grace, c.kill))
	}
	return errors.Join(errs...)
}

// stop terminates p, and kills it after the time of grace. Even SIGKILL has no effect on a process that waits for a disk.
func (p *process) stop(grace, kill time.Duration) error {
	p.stopping.Store(true)
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // fails only when it has ended
	select {
	case <-p.done:
	case <-time.After(grace):
		// No one has waited for the process, so its pid cannot have been reused. The group contains the processes that it started.
		_ = syscall.Kill(-p.pid(), syscall.SIGKILL)
		select {
		case <-p.done:
		case <-time.After(kill):
			return fmt.Errorf("the %s (pid %d) did not exit within %s after it was killed: check its disk", p.name, p.pid(), kill)
		}
	}
	return nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// wait is like cluster.Wait, with a timeout.
func wait(ctx context.Context, timeout time.Duration, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return cluster.Wait(ctx, 50*time.Millisecond, check)
}
